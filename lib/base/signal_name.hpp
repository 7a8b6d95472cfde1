// Signals as users write them: TERM, SIGTERM, RTMIN+3, 15.
#ifndef THREADFAULT_BASE_SIGNAL_NAME_HPP
#define THREADFAULT_BASE_SIGNAL_NAME_HPP

#include <optional>
#include <string>
#include <string_view>

namespace threadfault::base {

// "SIGSEGV", "SIGRTMIN+2", or the number as text.
std::string signal_name(int number);

// 15, TERM, SIGTERM, RTMIN+3, SIGRTMAX-1; std::nullopt: no signal of this name. 32 and 33, which
// belong to glibc, are numbers like any other here.
std::optional<int> parse_signal(std::string_view text);

// The nearest name to one that is none, or "".
std::string nearest_signal(std::string_view text);

}  // namespace threadfault::base

#endif  // THREADFAULT_BASE_SIGNAL_NAME_HPP
