#include "files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <random>
#include <system_error>
#include <vector>

namespace aio_copy {
namespace {

constexpr std::size_t kChunk = 64 * 1024;

[[noreturn]] void fail(const std::string& path) {
    throw std::system_error(errno, std::generic_category(), path);
}

File open_file(const std::string& path, int flags) {
    int fd = open(path.c_str(), flags | O_DIRECT | O_CLOEXEC, 0666);
    if (fd >= 0) return {Descriptor(fd), true};
    if (errno != EINVAL) fail(path);
    fd = open(path.c_str(), flags | O_CLOEXEC, 0666);
    if (fd < 0) fail(path);
    return {Descriptor(fd), false};
}

}  // namespace

File open_source(const std::string& path) {
    return open_file(path, O_RDONLY);
}

File open_destination(const std::string& path) {
    return open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
}

std::uint64_t size_of(const File& file, const std::string& path) {
    struct stat status {};
    if (fstat(file.descriptor.get(), &status) != 0) fail(path);
    if (!S_ISREG(status.st_mode))
        throw std::system_error(EINVAL, std::generic_category(), path + ": not a regular file");
    return static_cast<std::uint64_t>(status.st_size);
}

void cut(const File& file, std::uint64_t size, const std::string& path) {
    if (ftruncate(file.descriptor.get(), static_cast<off_t>(size)) != 0) fail(path);
}

std::uint64_t checksum(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) fail(path);
    std::vector<char> chunk(kChunk);
    std::uint64_t sum = 0xcbf29ce484222325;
    while (file.read(chunk.data(), static_cast<std::streamsize>(chunk.size())), file.gcount() > 0)
        for (std::streamsize i = 0; i < file.gcount(); ++i)
            sum = (sum ^ static_cast<unsigned char>(chunk[static_cast<std::size_t>(i)])) *
                  0x100000001b3;
    return sum;
}

void write_sample(const std::string& path, std::uint64_t size) {
    std::ofstream file(path, std::ios::binary);
    std::mt19937_64 random;  // NOLINT(bugprone-random-generator-seed): the same file every time
    std::vector<std::uint64_t> chunk(kChunk / sizeof(std::uint64_t));
    for (std::uint64_t done = 0; done < size; done += kChunk) {
        for (std::uint64_t& word : chunk)
            word = random();
        const auto length = std::min<std::uint64_t>(kChunk, size - done);
        file.write(reinterpret_cast<const char*>(chunk.data()),
                   static_cast<std::streamsize>(length));
    }
    if (!file.flush()) fail(path);
}

}  // namespace aio_copy
