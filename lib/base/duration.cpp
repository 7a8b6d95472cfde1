#include "base/duration.hpp"

#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <charconv>
#include <cmath>

namespace threadfault::drive {

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
    throw Error(ExitCode::usage, "usage", formatted("{}: \"{}\" is no duration", what, text),
                "durations are written like 250ms, 2s, 1.5s or 1m");
}

double rounded(double seconds, double parts) noexcept {
    return std::round(seconds * parts) / parts;
}

std::string short_duration(double seconds) {
    if (seconds < 0) seconds = 0;
    if (seconds < 0.9995) return formatted("{:.1f} ms", seconds * 1e3);
    if (seconds < 59.95) return formatted("{:.1f} s", seconds);
    const auto whole = std::llround(seconds);
    if (whole < 3600) return formatted("{}m{:02}s", whole / 60, whole % 60);
    if (whole < 86400) return formatted("{}h{:02}m", whole / 3600, whole % 3600 / 60);
    return formatted("{}d{:02}h", whole / 86400, whole % 86400 / 3600);
}

}  // namespace threadfault::drive
