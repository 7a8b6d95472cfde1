// Where this program and this library lie: what belongs to them is looked for beside them first.
#ifndef THREADFAULT_DRIVE_PROGRAMS_OWN_DIRECTORY_HPP
#define THREADFAULT_DRIVE_PROGRAMS_OWN_DIRECTORY_HPP

#include <dlfcn.h>
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

// Where the library that this code is in lies; of a program, where the program lies.
inline std::string library_directory() {
    Dl_info info{};
    static const char here = 0;
    if (dladdr(&here, &info) == 0 || info.dli_fname == nullptr || info.dli_fname[0] != '/') {
        return own_directory();
    }
    const std::string file = info.dli_fname;
    return file.substr(0, file.rfind('/'));
}

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_PROGRAMS_OWN_DIRECTORY_HPP
