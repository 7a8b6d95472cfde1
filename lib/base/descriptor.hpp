// A file descriptor that is closed with its owner.
#ifndef THREADFAULT_BASE_DESCRIPTOR_HPP
#define THREADFAULT_BASE_DESCRIPTOR_HPP

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace threadfault::base {

class Descriptor {
public:
    explicit Descriptor(int number = -1) noexcept : number_(number) {}
    ~Descriptor() { reset(); }
    Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) {
            reset();
            number_ = other.release();
        }
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int get() const noexcept { return number_; }
    explicit operator bool() const noexcept { return number_ >= 0; }
    int release() noexcept { return std::exchange(number_, -1); }
    void reset() noexcept {
        if (number_ < 0) return;
        const int before = errno;  // of what is being cleaned up after
        close(release());
        errno = before;
    }

private:
    int number_;
};

}  // namespace threadfault::base

#endif  // THREADFAULT_BASE_DESCRIPTOR_HPP
