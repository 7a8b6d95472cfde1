// The kernel's queue of requests, and the thread that takes the completions out of it.
#ifndef AIO_COPY_COMPLETION_QUEUE_HPP
#define AIO_COPY_COMPLETION_QUEUE_HPP

#include <array>
#include <functional>
#include <thread>
#include <utility>

#include "request.hpp"

namespace aio_copy {

// A descriptor that is closed at the end of its scope.
class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor();
    int get() const { return fd_; }

private:
    int fd_;
};

Descriptor make_eventfd();
void add_to_eventfd(int fd);

// Everything that the completion thread works on lives here and not on its stack, and nothing here
// is guarded by a lock: whatever becomes of the thread, its successor finds the state that it left.
class CompletionQueue {
public:
    explicit CompletionQueue(unsigned depth);
    CompletionQueue(const CompletionQueue&) = delete;
    CompletionQueue& operator=(const CompletionQueue&) = delete;
    ~CompletionQueue();

    // Starts the thread "aio-complete". `after_takeover` runs on a successor once it has done what
    // its predecessor owed: those who wait for a completion must look again.
    void start(std::function<void()> after_takeover);
    void stop();

    // Hands a prepared request to the kernel. Throws std::system_error.
    void submit(Request& request);

    // Robust mode's part: starts a successor if the completion thread is gone, and says so.
    // Nothing but the kernel's word counts, because a dead thread can't be asked.
    bool replace_lost_thread();
    pid_t thread_id() const { return owner_.load(); }

private:
    void run();
    void take_over();
    void reap();
    void handle_batch();

    io_context_t context_ = nullptr;
    Descriptor counter_;
    Descriptor stop_;
    Descriptor epoll_;
    std::atomic<std::uintptr_t> next_ticket_{1};

    std::atomic<pid_t> owner_{0};
    Clock::time_point started_at_;
    std::thread thread_;
    std::function<void()> after_takeover_;

    std::uint64_t owed_ = 0;            // completions counted by the eventfd and not yet reaped
    std::array<io_event, 64> batch_{};  // obj is null where there is nothing left to handle
};

}  // namespace aio_copy

#endif  // AIO_COPY_COMPLETION_QUEUE_HPP
