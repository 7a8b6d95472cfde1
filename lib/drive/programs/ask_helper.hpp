// One of our own programs as a filter: a question given, its answer collected.
#ifndef THREADFAULT_DRIVE_PROGRAMS_ASK_HELPER_HPP
#define THREADFAULT_DRIVE_PROGRAMS_ASK_HELPER_HPP

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::drive {

// For a process with 10,000 threads on a busy machine. An answer without the extra is better than
// none.
inline constexpr std::chrono::seconds kHelperPatience{5};

// The output of the program of that name (find_helper). std::nullopt where it is missing or fails:
// for what is an extra to the answer. Thread-safe.
std::optional<std::string> ask_helper(std::string_view name,
                                      const std::vector<std::string>& arguments,
                                      std::string_view input = {},
                                      std::chrono::seconds patience = kHelperPatience);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_PROGRAMS_ASK_HELPER_HPP
