#include "base/duration.hpp"

#include "threadfault/error.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace threadfault::base {
namespace {

// Whatever the locale of the program says: a point, and one digit behind it.
std::string with_one_digit(double number) {
    std::array<char, 32> text{};
    const auto [end, error] =
        std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed, 1);
    return error == std::errc() ? std::string(text.data(), end) : std::string("?");
}

// "3m05s"
std::string two_units(long long large, char large_unit, long long small, char small_unit) {
    std::string text = std::to_string(large) + large_unit;
    if (small < 10) text += '0';
    return text + std::to_string(small) + small_unit;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept {
    double number = 0;
    // from_chars takes "inf", "nan" and a leading '-' as well: a duration starts with a digit.
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    const auto [rest, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc()) return std::nullopt;
    const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
    double seconds = 0;
    if (unit == "us") {
        seconds = number * 1e-6;
    } else if (unit == "ms") {
        seconds = number * 1e-3;
    } else if (unit == "s") {
        seconds = number;
    } else if (unit == "m") {
        seconds = number * 60;
    } else if (unit == "h") {
        seconds = number * 3600;
    } else {
        return std::nullopt;
    }
    constexpr double kTenYears = 10 * 365.25 * 86400;
    if (!(seconds <= kTenYears)) return std::nullopt;
    return std::chrono::nanoseconds(std::llround(seconds * 1e9));
}

std::chrono::nanoseconds require_duration(std::string_view what, std::string_view text) {
    if (const auto duration = parse_duration(text)) return *duration;
    throw Error(ErrorCode::usage,
                std::string(what) + ": \"" + std::string(text) + "\" is not a duration",
                "durations are written like 250ms, 2s, 1.5s or 1m");
}

double rounded(double seconds, double parts) noexcept {
    return std::round(seconds * parts) / parts;
}

std::string short_duration(double seconds) {
    if (seconds < 0) seconds = 0;
    if (seconds < 0.9995) return with_one_digit(seconds * 1e3) + " ms";
    if (seconds < 59.95) return with_one_digit(seconds) + " s";
    const auto whole = std::llround(seconds);
    if (whole < 3600) return two_units(whole / 60, 'm', whole % 60, 's');
    if (whole < 86400) return two_units(whole / 3600, 'h', whole % 3600 / 60, 'm');
    return two_units(whole / 86400, 'd', whole % 86400 / 3600, 'h');
}

}  // namespace threadfault::base
