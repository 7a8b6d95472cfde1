// Durations as users write them: 250ms, 2s, 1m, 1.5s.
#ifndef THREADFAULT_BASE_DURATION_HPP
#define THREADFAULT_BASE_DURATION_HPP

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace threadfault::base {

// Units: us, ms, s, m, h. A number without a unit, a negative one, or more than ten years is none.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept;

// As parse_duration; throws Error{usage} that says what a duration looks like.
std::chrono::nanoseconds require_duration(std::string_view what, std::string_view text);

// For people: "0.4 ms", "1.2 s", "3m05s", "2h13m", "4d02h".
std::string short_duration(double seconds);

// For JSON, to so many parts of a second: what was measured is printed, not the digits that
// calculating with it has left (0.3, not 0.30000000000001137).
inline constexpr double kHundredths = 1e2;
inline constexpr double kMillis = 1e3;
inline constexpr double kMicros = 1e6;
inline constexpr double kNanos = 1e9;
double rounded(double seconds, double parts) noexcept;

}  // namespace threadfault::base

#endif  // THREADFAULT_BASE_DURATION_HPP
