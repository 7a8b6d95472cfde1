// The files at both ends of a copy.
#ifndef AIO_COPY_FILES_HPP
#define AIO_COPY_FILES_HPP

#include <cstdint>
#include <string>

#include "completion_queue.hpp"

namespace aio_copy {

// Offsets, lengths and buffers of direct I/O are multiples of this.
inline constexpr std::size_t kAlignment = 4096;

struct File {
    Descriptor descriptor;
    bool direct;  // opened with O_DIRECT
};

// Opens with O_DIRECT where the file system has it, else without. Throws std::system_error.
File open_source(const std::string& path);
File open_destination(const std::string& path);
std::uint64_t size_of(const File& file, const std::string& path);
// A direct write of the last block is a whole block: this cuts the file to its length.
void cut(const File& file, std::uint64_t size, const std::string& path);

// A 64-bit checksum (FNV-1a) of what is in the file now.
std::uint64_t checksum(const std::string& path);

// Writes `size` bytes that look random, the same for every run.
void write_sample(const std::string& path, std::uint64_t size);

}  // namespace aio_copy

#endif  // AIO_COPY_FILES_HPP
