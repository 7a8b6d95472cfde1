#include "base/signal_name.hpp"

#include "base/suggest.hpp"

#include <signal.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <vector>

namespace threadfault::base {
namespace {

// Not SIGRTMIN: glibc's is a run-time value that leaves its own two signals out, as users know it.
int first_realtime() {
    return SIGRTMIN;
}
int last_realtime() {
    return SIGRTMAX;
}
constexpr int kLastStandard = 31;

std::optional<int> parse_number(std::string_view text) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string upper_without_prefix(std::string_view text) {
    std::string upper(text);
    std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    if (upper.starts_with("SIG")) upper.erase(0, 3);
    return upper;
}

// RTMIN, RTMIN+n, RTMAX, RTMAX-n.
std::optional<int> parse_realtime(std::string_view name) {
    const bool from_first = name.starts_with("RTMIN");
    if (!from_first && !name.starts_with("RTMAX")) return std::nullopt;
    name.remove_prefix(5);
    int offset = 0;
    if (!name.empty()) {
        if (name.front() != (from_first ? '+' : '-')) return std::nullopt;
        const std::optional<int> parsed = parse_number(name.substr(1));
        if (!parsed || *parsed < 0) return std::nullopt;
        offset = *parsed;
    }
    const int number = from_first ? first_realtime() + offset : last_realtime() - offset;
    if (offset > 64 || number < first_realtime() || number > last_realtime()) return std::nullopt;
    return number;
}

}  // namespace

std::string signal_name(int number) {
    if (number > 0 && number <= kLastStandard) {
        if (const char* abbreviation = sigabbrev_np(number))
            return std::string("SIG") + abbreviation;
    }
    if (number == first_realtime()) return "SIGRTMIN";
    if (number > first_realtime() && number <= last_realtime()) {
        return "SIGRTMIN+" + std::to_string(number - first_realtime());
    }
    return "signal " + std::to_string(number);
}

std::optional<int> parse_signal(std::string_view text) {
    if (const std::optional<int> number = parse_number(text)) {
        return *number >= 1 && *number <= last_realtime() ? number : std::nullopt;
    }
    const std::string name = upper_without_prefix(text);
    if (const std::optional<int> number = parse_realtime(name)) return number;
    for (int number = 1; number <= kLastStandard; ++number) {
        const char* abbreviation = sigabbrev_np(number);
        if (abbreviation != nullptr && name == abbreviation) return number;
    }
    // Second names of <bits/signum-generic.h>.
    if (name == "IOT") return SIGABRT;
    if (name == "CLD") return SIGCHLD;
    if (name == "IO") return SIGPOLL;
    return std::nullopt;
}

std::string nearest_signal(std::string_view text) {
    std::vector<std::string> names{"RTMIN", "RTMAX"};
    for (int number = 1; number <= kLastStandard; ++number) {
        if (const char* abbreviation = sigabbrev_np(number)) names.emplace_back(abbreviation);
    }
    return nearest(upper_without_prefix(text), names);
}

}  // namespace threadfault::base
