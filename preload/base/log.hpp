// Diagnostics of the shim: to the file that THREADFAULT_LOG names, nowhere otherwise. Never to the
// target's own descriptors.
#ifndef THREADFAULT_PRELOAD_LOG_HPP
#define THREADFAULT_PRELOAD_LOG_HPP

namespace threadfault::shim {

// Copies the name out of the environment. Not async-signal-safe (getenv).
void learn_log_file() noexcept;

// Appends one line: pid, `text`, and the error's number unless it is 0 (positive or negative
// errno). The file is opened and closed each time. Raw system calls only.
void log_line(const char* text, long error = 0) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_LOG_HPP
