// A value that one thread writes while others may read it under a version check (a seqlock): each
// access is atomic, none orders anything.
#ifndef THREADFAULT_PRELOAD_RELAXED_HPP
#define THREADFAULT_PRELOAD_RELAXED_HPP

#include <atomic>

namespace threadfault::shim {

template <typename T>
class Relaxed {
public:
    constexpr Relaxed(T value = T{}) noexcept : value_(value) {}
    Relaxed& operator=(T value) noexcept {
        value_.store(value, std::memory_order_relaxed);
        return *this;
    }
    Relaxed(const Relaxed&) = delete;
    Relaxed& operator=(const Relaxed& other) noexcept { return *this = static_cast<T>(other); }
    operator T() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<T> value_;
};

// What was read before it is not read again after it: the end of a reader's critical section.
// ThreadSanitizer does not know fences; a read-modify-write of the version tells it the same.
inline void finish_reading([[maybe_unused]] const std::atomic<unsigned>& version) noexcept {
#ifdef __SANITIZE_THREAD__
    const_cast<std::atomic<unsigned>&>(version).fetch_add(0, std::memory_order_acq_rel);
#else
    std::atomic_thread_fence(std::memory_order_acquire);
#endif
}

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_RELAXED_HPP
