#include "arch/machine.hpp"
#include "drive/programs/find_helper.hpp"
#include "drive/programs/launch.hpp"
#include "drive/programs/own_directory.hpp"
#include "format/format.hpp"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>

namespace threadfault::drive {
namespace {

constexpr const char* kBasic = "libthreadfault_preload.so";
constexpr const char* kPoints = "libthreadfault_points.so";

enum class FileKind { missing, unreadable, shared_object, other };

FileKind kind_of(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? FileKind::missing : FileKind::unreadable;
    Elf64_Ehdr header{};
    const ssize_t length = read(fd, &header, sizeof header);
    close(fd);
    const bool shared = length == static_cast<ssize_t>(sizeof header) &&
                        std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                        header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_type == ET_DYN &&
                        header.e_machine == arch::kElfMachine;
    return shared ? FileKind::shared_object : FileKind::other;
}

std::string absolute(const std::string& path) {
    const std::unique_ptr<char, decltype(&free)> resolved(realpath(path.c_str(), nullptr), &free);
    return resolved ? resolved.get() : path;
}

[[noreturn]] void bad_shim(const std::string& path, const char* what) {
    throw Error(ErrorCode::bad_shim, formatted("shim {}: {}", path, what),
                "the shim is the file libthreadfault_preload.so of this build");
}

// ld.so splits LD_PRELOAD at colons and spaces, and there is no way to quote them.
void require_preloadable_path(const std::string& path) {
    if (path.find_first_of(": \t\n") == std::string::npos) return;
    throw Error(ErrorCode::bad_shim,
                formatted("the shim's path \"{}\" contains a space or a colon, which the dynamic "
                          "loader treats as a separator",
                          path),
                "install threadfault elsewhere, or use a link without spaces and colons");
}

}  // namespace

std::string find_shim(const std::string& given, bool points) {
    const char* const file = points ? kPoints : kBasic;
    if (!given.empty()) {
        switch (kind_of(given)) {
            case FileKind::missing:
                bad_shim(given, "no such file");
            case FileKind::unreadable:
                bad_shim(given, "can't be read");
            case FileKind::other:
                bad_shim(given, formatted("not a shared library for {}", arch::kName).c_str());
            case FileKind::shared_object:
                break;
        }
        // A link keeps its name: it may be the way around a path that can't be preloaded.
        std::string path = given;
        if (path.front() != '/') {
            const std::unique_ptr<char, decltype(&free)> here(getcwd(nullptr, 0), &free);
            if (here) path = formatted("{}/{}", here.get(), given);
        }
        require_preloadable_path(path);
        return path;
    }
    const std::string here = own_directory();
    const std::string places[] = {
        here + "/../preload/" + file,
        here + "/" + THREADFAULT_SHIM_FROM_BIN + "/" + file,
        here + "/" + THREADFAULT_SHIM_FROM_LIBEXEC + "/" + file,
        here + "/../lib/threadfault/" + file,
        std::string(THREADFAULT_SHIM_DIRECTORY) + "/" + file,
    };
    // Not permitted, or no more open files.
    std::string unreadable;
    int why = 0;
    for (const std::string& place : places) {
        const FileKind kind = kind_of(place);
        if (kind == FileKind::unreadable && unreadable.empty()) {
            why = errno;
            unreadable = place;
        }
        if (kind != FileKind::shared_object) continue;
        std::string path = absolute(place);
        require_preloadable_path(path);
        return path;
    }
    if (!unreadable.empty()) bad_shim(absolute(unreadable), std::strerror(why));
    const std::string build = not_built_hint();
    throw Error(ErrorCode::no_shim, formatted("{} was not found", file),
                !build.empty() ? build
                               : formatted("looked in {} and {}", absolute(here + "/.."),
                                           THREADFAULT_SHIM_DIRECTORY));
}

}  // namespace threadfault::drive
