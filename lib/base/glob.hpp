// Names against patterns. Needs nothing: the shim uses it as well.
#ifndef THREADFAULT_BASE_GLOB_HPP
#define THREADFAULT_BASE_GLOB_HPP

namespace threadfault::base {

// Anchored glob match: `*`, `?`, `[a-z]`, `[!a-z]`, `\x`. No allocation, no locale, no recursion.
// Async-signal-safe.
bool glob_match(const char* pattern, const char* text) noexcept;

}  // namespace threadfault::base

#endif  // THREADFAULT_BASE_GLOB_HPP
