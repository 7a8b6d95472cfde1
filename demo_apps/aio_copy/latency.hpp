// A histogram of latencies in powers of two of a microsecond.
#ifndef AIO_COPY_LATENCY_HPP
#define AIO_COPY_LATENCY_HPP

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

namespace aio_copy {

class Latency {
public:
    void add(std::chrono::nanoseconds latency);
    void add(const Latency& other);
    std::uint64_t count() const;
    // A table with a bar a line, from the first to the last bucket that is not empty.
    std::string table(const std::string& title) const;

private:
    std::array<std::uint64_t, 32> buckets_{};  // bucket n: up to 2^n µs
};

}  // namespace aio_copy

#endif  // AIO_COPY_LATENCY_HPP
