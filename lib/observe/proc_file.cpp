#include "observe/proc_file.hpp"

#include "base/descriptor.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace threadfault::observe {

ssize_t read_small_file(int directory_fd, const char* path, std::span<char> buffer) noexcept {
    const int fd = ::openat(directory_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    std::size_t length = 0;
    ssize_t result = 0;
    while (length < buffer.size()) {
        result = ::read(fd, buffer.data() + length, buffer.size() - length);
        if (result < 0 && errno == EINTR) continue;
        if (result <= 0) break;
        length += static_cast<std::size_t>(result);
        // A file of /proc that fits the buffer is given in one piece: a short read is the end.
        if (length < buffer.size()) break;
    }
    const int error = errno;
    ::close(fd);
    return result < 0 ? -error : static_cast<ssize_t>(length);
}

std::optional<std::string> read_whole_file(int directory_fd, const char* path) {
    const base::Descriptor file(::openat(directory_fd, path, O_RDONLY | O_CLOEXEC));
    if (!file) return std::nullopt;
    std::string text;
    std::size_t length = 0;
    text.resize(std::size_t{16} * 1024);
    for (;;) {
        if (length == text.size()) text.resize(text.size() * 2);
        const ssize_t got = ::read(file.get(), text.data() + length, text.size() - length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::nullopt;
        if (got == 0) break;
        length += static_cast<std::size_t>(got);
    }
    text.resize(length);
    return text;
}

std::optional<pid_t> parse_number(std::string_view text) noexcept {
    pid_t value = 0;
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool list_numbers(int directory_fd, const char* path, std::vector<pid_t>* numbers) {
    const base::Descriptor directory(
        ::openat(directory_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return false;
    // Large, so that few system calls cover many threads: the kernel loses its place in the list
    // when the thread that it stopped at ends between two calls.
    std::vector<char> buffer(std::size_t{256} * 1024);
    for (;;) {
        // Not readdir(): no allocation and no locale of glibc's, and the buffer's size is ours.
        const long got = ::syscall(SYS_getdents64, directory.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return false;
        if (got == 0) return true;
        for (long position = 0; position < got;) {
            const char* entry = buffer.data() + position;
            std::uint16_t record_length = 0;
            std::memcpy(&record_length, entry + offsetof(dirent64, d_reclen), sizeof record_length);
            if (const auto number = parse_number(entry + offsetof(dirent64, d_name)))
                numbers->push_back(*number);
            position += record_length;
        }
    }
}

}  // namespace threadfault::observe
