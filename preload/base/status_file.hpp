// The lines of /proc/<pid>/status, in pieces that a small stack has room for. Raw system calls
// only; async-signal-safe.
#ifndef THREADFAULT_PRELOAD_STATUS_FILE_HPP
#define THREADFAULT_PRELOAD_STATUS_FILE_HPP

#include "execute/syscalls.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace threadfault::shim {

inline constexpr const char* kOwnStatus = "/proc/thread-self/status";

// Calls `look` with each line, of which the first 47 characters are kept, until it returns false.
// -errno: the file can't be opened.
template <typename Look>
long for_each_status_line(const char* path, Look look) noexcept {
    const int file = execute::sys_open(path, O_RDONLY);
    if (file < 0) return file;
    char line[48] = {};
    std::size_t length = 0;
    char piece[256];
    long got = 0;
    bool more = true;
    while (more && (got = execute::sys_read(file, piece, sizeof piece)) > 0) {
        for (long i = 0; more && i < got; ++i) {
            if (piece[i] != '\n') {
                if (length + 1 < sizeof line) line[length++] = piece[i];
                continue;
            }
            line[length] = '\0';
            length = 0;
            more = look(static_cast<const char*>(line));
        }
    }
    execute::sys_close(file);
    return 0;
}

// The digits behind `key`, which begins the line and ends with its tabulator; nullptr: it is
// another line.
inline const char* value_of(const char* line, const char* key) noexcept {
    const std::size_t length = std::strlen(key);
    return std::strncmp(line, key, length) == 0 ? line + length : nullptr;
}

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_STATUS_FILE_HPP
