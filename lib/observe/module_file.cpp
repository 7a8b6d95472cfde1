#include "observe/module_file.hpp"

#include "base/descriptor.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <vector>

namespace threadfault::observe {
namespace {

// Looks before it opens: opening a device or a pipe may do something.
base::Descriptor reopen_if_regular(const base::Descriptor& path_only) {
    struct stat information {};
    if (!path_only || ::fstat(path_only.get(), &information) != 0 || !S_ISREG(information.st_mode))
        return base::Descriptor();
    const std::string self = "/proc/self/fd/" + std::to_string(path_only.get());
    return base::Descriptor(::open(self.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
}

base::Descriptor open_regular(const std::string& path) {
    return reopen_if_regular(base::Descriptor(::open(path.c_str(), O_PATH | O_CLOEXEC)));
}

bool matches_checksum(int fd, std::uint32_t expected) {
    std::vector<unsigned char> buffer(std::size_t{64} * 1024);
    std::uint32_t crc = 0;
    off_t at = 0;
    for (;;) {
        const ssize_t got = ::pread(fd, buffer.data(), buffer.size(), at);
        if (got < 0) return false;
        if (got == 0) return crc == expected;
        crc = static_cast<std::uint32_t>(::crc32_z(crc, buffer.data(), got));
        at += got;
    }
}

std::string hexadecimal(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        text += kDigits[static_cast<unsigned char>(c) >> 4];
        text += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return text;
}

}  // namespace

base::Descriptor open_regular_in_root(int root_fd, const std::string& path) {
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const long fd = ::syscall(SYS_openat2, root_fd, path.c_str(), &how, sizeof how);
    return reopen_if_regular(base::Descriptor(static_cast<int>(fd)));
}

ModuleFiles::ModuleFiles(const Process& process)
    : map_files_(process.living_task_path("map_files")),
      exe_(process.exe_path()),
      root_(::open(process.root_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
      own_root_(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)),
      memory_(process.pid()) {
    // A thread other than the leader has no map_files of its own, and the leader's is empty when it
    // is dead: then paths have to do.
}

bool ModuleFiles::is_the_mapped_file(int fd, const Mapping& mapping) const {
    struct stat information {};
    if (::fstat(fd, &information) != 0) return false;
    if (information.st_ino == mapping.inode) return true;
    // On an overlay file system the map and stat may differ in the inode: compare what is mapped.
    // The first page holds the build-id, or at least all segments' places and sizes.
    if (mapping.deleted || mapping.offset != 0) return false;
    std::array<char, 1024> in_file{};
    std::array<char, 1024> in_memory{};
    return ::pread(fd, in_file.data(), in_file.size(), 0) == static_cast<ssize_t>(in_file.size()) &&
           memory_.read(mapping.begin, in_memory.data(), in_memory.size()) && in_file == in_memory;
}

std::optional<ElfFile> ModuleFiles::open(const Mapping& mapping) const {
    std::array<char, 64> range{};
    std::snprintf(range.data(), range.size(), "/%llx-%llx",
                  static_cast<unsigned long long>(mapping.begin),
                  static_cast<unsigned long long>(mapping.end));
    base::Descriptor file = open_regular(map_files_ + range.data());
    if (file) return ElfFile::read(std::move(file));
    file = open_regular(exe_);
    if (file) {
        struct stat information {};
        if (::fstat(file.get(), &information) == 0 && information.st_ino == mapping.inode)
            return ElfFile::read(std::move(file));
    }
    for (const base::Descriptor* root : {&root_, &own_root_}) {
        file = open_regular_in_root(root->get(), mapping.path);
        if (file && is_the_mapped_file(file.get(), mapping)) return ElfFile::read(std::move(file));
    }
    return std::nullopt;
}

std::optional<ElfFile> ModuleFiles::open_debug_file(const ElfFile& file,
                                                    const std::string& path) const {
    const std::string build_id = file.build_id();
    if (build_id.size() > 1) {
        const std::string digits = hexadecimal(build_id);
        const std::string by_id =
            "/usr/lib/debug/.build-id/" + digits.substr(0, 2) + "/" + digits.substr(2) + ".debug";
        for (const base::Descriptor* root : {&root_, &own_root_}) {
            auto debug = ElfFile::read(open_regular_in_root(root->get(), by_id));
            if (debug && debug->build_id() == build_id) return debug;
        }
    }
    const auto link = file.debug_link();
    const std::size_t slash = path.rfind('/');
    if (!link || slash == std::string::npos || link->file_name.find('/') != std::string::npos)
        return std::nullopt;
    const std::string directory = path.substr(0, slash + 1);
    for (const std::string& candidate :
         {directory + link->file_name, directory + ".debug/" + link->file_name,
          "/usr/lib/debug" + directory + link->file_name}) {
        for (const base::Descriptor* root : {&root_, &own_root_}) {
            base::Descriptor opened = open_regular_in_root(root->get(), candidate);
            if (!opened || !matches_checksum(opened.get(), link->crc)) continue;
            return ElfFile::read(std::move(opened));
        }
    }
    return std::nullopt;
}

}  // namespace threadfault::observe
