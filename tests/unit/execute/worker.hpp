// Threads for the tests of the primitive.
#ifndef THREADFAULT_TESTS_UNIT_EXECUTE_WORKER_HPP
#define THREADFAULT_TESTS_UNIT_EXECUTE_WORKER_HPP

#include "execute/core.hpp"
#include "execute/syscalls.hpp"

#include <threadfault/execute.hpp>

#include <pthread.h>
#include <time.h>

#include <atomic>
#include <cstdlib>
#include <functional>

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kUnderTsan = true;
#else
inline constexpr bool kUnderTsan = false;
#endif

inline void nap() {
    const timespec moment{0, 200'000};
    ::nanosleep(&moment, nullptr);
}

// Polls for 20 s: the machine may be loaded, and a test that fails must not hang.
template <typename Condition>
bool eventually(Condition condition) {
    const std::int64_t deadline =
        threadfault::execute::monotonic_ns() + 20 * threadfault::execute::kNanosecondsPerSecond;
    while (!condition()) {
        if (threadfault::execute::monotonic_ns() > deadline) return false;
        nap();
    }
    return true;
}

inline constexpr std::chrono::seconds kAmple{20};
inline constexpr timespec kAmpleTime{20, 0};

// Blocks or unblocks all signals but glibc's own two, past libc (and past sanitizers).
inline void change_mask(int how, std::uint64_t mask = ~(3ULL << 31)) {
    threadfault::execute::sys_call(SYS_rt_sigprocmask, how, &mask, nullptr, sizeof mask);
}

// A joinable thread that runs `body` and then, unless it ended in it, waits for its end.
class Worker {
public:
    using Body = std::function<void(Worker&)>;
    explicit Worker(Body body = {}, std::size_t stack_size = 0) : body_(std::move(body)) {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        if (stack_size != 0) pthread_attr_setstacksize(&attributes, stack_size);
        if (pthread_create(&thread_, &attributes, start, this) != 0) std::abort();
        pthread_attr_destroy(&attributes);
        if (!eventually([this] { return tid_ != 0; })) std::abort();
    }
    ~Worker() { join(); }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    pid_t tid() const { return tid_; }
    pthread_t thread() const { return thread_; }
    void stop() { stop_ = true; }
    bool stopped() const { return stop_; }
    void sleep_until_stopped() const {
        while (!stop_)
            nap();
    }
    void join() {
        stop();
        if (!joined_) pthread_join(thread_, nullptr);
        joined_ = true;
    }
    bool has_ended() const {
        return threadfault::execute::sys_tgkill(threadfault::execute::sys_getpid(), tid_, 0) ==
               -ESRCH;
    }

private:
    static void* start(void* argument) {
        auto* const self = static_cast<Worker*>(argument);
        self->tid_ = threadfault::execute::sys_gettid();
        if (self->body_) self->body_(*self);
        self->sleep_until_stopped();
        return nullptr;
    }

    Body body_;
    pthread_t thread_{};
    std::atomic<pid_t> tid_{0};
    std::atomic<bool> stop_{false};
    bool joined_ = false;
};

// A thread that blocks everything (raw) until hear(). Under ThreadSanitizer's own mask handling
// nothing changes: the kernel does not deliver.
class DeafWorker {
public:
    explicit DeafWorker(std::uint64_t mask = ~(3ULL << 31), std::size_t stack_size = 0)
        : worker_(
              [this, mask](Worker& self) {
                  change_mask(SIG_BLOCK, mask);
                  deaf_ = true;
                  while (!hear_ && !self.stopped())
                      nap();
                  change_mask(SIG_UNBLOCK, mask);
                  nap();  // the queue is empty from here on, also under ThreadSanitizer
                  heard_ = true;
              },
              stack_size) {
        if (!eventually([this] { return deaf_.load(); })) std::abort();
    }
    pid_t tid() const { return worker_.tid(); }
    // Returns when everything that was queued has been delivered.
    void hear() {
        hear_ = true;
        if (!eventually([this] { return heard_.load(); })) std::abort();
    }

private:
    std::atomic<bool> deaf_{false};
    std::atomic<bool> hear_{false};
    std::atomic<bool> heard_{false};
    Worker worker_;
};

#endif  // THREADFAULT_TESTS_UNIT_EXECUTE_WORKER_HPP
