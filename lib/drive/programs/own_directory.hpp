// Where this program lies: what belongs to it is looked for beside it first.
#ifndef THREADFAULT_DRIVE_PROGRAMS_OWN_DIRECTORY_HPP
#define THREADFAULT_DRIVE_PROGRAMS_OWN_DIRECTORY_HPP

#include <limits.h>
#include <unistd.h>

#include <string>

namespace threadfault::drive {

// Without a slash at the end; "" where /proc can't be read.
inline std::string own_directory() {
    char path[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
    if (length <= 0) return {};
    const std::string whole(path, static_cast<std::size_t>(length));
    return whole.substr(0, whole.rfind('/'));
}

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_PROGRAMS_OWN_DIRECTORY_HPP
