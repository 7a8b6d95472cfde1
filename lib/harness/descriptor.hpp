// A file descriptor that is closed with its owner.
#ifndef THREADFAULT_HARNESS_DESCRIPTOR_HPP
#define THREADFAULT_HARNESS_DESCRIPTOR_HPP

#include <unistd.h>

#include <utility>

namespace threadfault::target {

class Descriptor {
public:
    explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
    ~Descriptor() { reset(); }
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    void reset() noexcept {
        if (fd_ >= 0) close(std::exchange(fd_, -1));
    }

private:
    int fd_;
};

}  // namespace threadfault::target

#endif  // THREADFAULT_HARNESS_DESCRIPTOR_HPP
