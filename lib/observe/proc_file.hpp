// Internal to lib/observe: small files of /proc, read with few system calls.
#ifndef THREADFAULT_OBSERVE_PROC_FILE_HPP
#define THREADFAULT_OBSERVE_PROC_FILE_HPP

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::observe {

// Reads at most buffer.size() bytes of `path` under the directory `directory_fd` (AT_FDCWD: path as
// it is). The number of bytes, or -errno. Thread-safe.
ssize_t read_small_file(int directory_fd, const char* path, std::span<char> buffer) noexcept;

// The whole file, whatever its length. std::nullopt: errno says why.
std::optional<std::string> read_whole_file(int directory_fd, const char* path);

// The entries of a directory whose names are decimal numbers, in the kernel's order, appended to
// `numbers`. False: errno says why. Opens the directory afresh, so that several threads may list
// it.
bool list_numbers(int directory_fd, const char* path, std::vector<pid_t>* numbers);

// Forgives nothing: digits only, no sign, no overflow.
std::optional<pid_t> parse_number(std::string_view text) noexcept;

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_PROC_FILE_HPP
