// The programs that do what the static command can't: those that need libdw, libcurl and the like.
#ifndef THREADFAULT_DRIVE_PROGRAMS_FIND_HELPER_HPP
#define THREADFAULT_DRIVE_PROGRAMS_FIND_HELPER_HPP

#include <string>
#include <string_view>
#include <vector>

namespace threadfault::drive {

// Full path of "threadfault-diagnose" and the like: in $THREADFAULT_LIBEXEC, beside this program or
// in `libexec` beside it (a build tree), at its place beside this library, or where it is
// installed. Throws Error{usage} that says what is missing.
std::string find_helper(std::string_view name);

// Becomes that program, with the same environment and descriptors. Returns only by throwing.
[[noreturn]] void become_helper(std::string_view name, const std::vector<std::string>& arguments);

// What to do where this program lies in a build tree, of which only a part has been built; "" where
// it is installed.
std::string not_built_hint();

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_PROGRAMS_FIND_HELPER_HPP
