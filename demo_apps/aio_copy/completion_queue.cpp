#include "completion_queue.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace aio_copy {
namespace {

using std::chrono::milliseconds;

[[noreturn]] void fail(int error, const char* what) {
    throw std::system_error(error, std::generic_category(), what);
}

int checked(int result, const char* what) {
    if (result < 0) fail(errno, what);
    return result;
}

// What the counter has been given since it was last read; 0 if nothing.
std::uint64_t read_counter(int fd) {
    std::uint64_t count = 0;
    if (read(fd, &count, sizeof count) != sizeof count) return 0;
    return count;
}

bool is_gone(pid_t thread) {
    return syscall(SYS_tgkill, getpid(), thread, 0) < 0 && errno == ESRCH;
}

}  // namespace

Descriptor::~Descriptor() {
    if (fd_ >= 0) close(fd_);
}

Descriptor make_eventfd() {
    return Descriptor(checked(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd"));
}

void add_to_eventfd(int fd) {
    const std::uint64_t one = 1;
    // It can only fail when 2^64 - 2 others were counted, and then the reader will look anyway.
    (void)!write(fd, &one, sizeof one);
}

CompletionQueue::CompletionQueue(unsigned depth)
    : counter_(make_eventfd()),
      stop_(make_eventfd()),
      epoll_(checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
    for (const int fd : {counter_.get(), stop_.get()}) {
        epoll_event interest{};
        interest.events = EPOLLIN;
        interest.data.fd = fd;
        checked(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &interest), "epoll_ctl");
    }
    const int error = io_setup(static_cast<int>(depth), &context_);
    if (error < 0) fail(-error, "io_setup");
}

CompletionQueue::~CompletionQueue() {
    stop();
    io_destroy(context_);  // waits for what is still in flight
}

void CompletionQueue::start(std::function<void()> after_takeover) {
    after_takeover_ = std::move(after_takeover);
    started_at_ = Clock::now();
    thread_ = std::thread(&CompletionQueue::run, this);
}

void CompletionQueue::stop() {
    add_to_eventfd(stop_.get());
    if (thread_.joinable()) thread_.join();
}

void CompletionQueue::submit(Request& request) {
    io_set_eventfd(&request, counter_.get());
    const std::uintptr_t ticket = next_ticket_.fetch_add(1);
    request.data = reinterpret_cast<void*>(ticket);
    request.submitted_at = Clock::now();
    request.ticket.store(ticket, std::memory_order_release);
    iocb* list[] = {&request};
    int accepted = 0;
    // EAGAIN: the kernel's queue is full for a moment.
    while ((accepted = io_submit(context_, 1, list)) == -EAGAIN)
        std::this_thread::sleep_for(milliseconds(1));
    if (accepted < 0) {
        request.ticket.store(0, std::memory_order_release);
        fail(-accepted, "io_submit");
    }
}

bool CompletionQueue::replace_lost_thread() {
    const pid_t owner = owner_.load();
    // A thread that died before it could say its name leaves no owner behind.
    const bool lost = owner != 0 ? is_gone(owner) : Clock::now() - started_at_ > milliseconds(500);
    if (!lost) return false;
    // Returns at once for a dead thread, whichever way it died, and makes its stores visible.
    if (owner != 0)
        thread_.join();
    else
        thread_.detach();  // perhaps it is only late: then it finds the queue owned, and leaves
    owner_.store(0);
    started_at_ = Clock::now();
    thread_ = std::thread(&CompletionQueue::run, this);
    return true;
}

void CompletionQueue::run() {
    pid_t nobody = 0;
    if (!owner_.compare_exchange_strong(nobody, gettid())) return;
    pthread_setname_np(pthread_self(), "aio-complete");
    take_over();
    while (true) {
        epoll_event ready[2];
        const int count = epoll_wait(epoll_.get(), ready, 2, -1);
        if (count < 0 && errno != EINTR) fail(errno, "epoll_wait");
        for (int i = 0; i < count; ++i)
            if (ready[i].data.fd == stop_.get()) return;
        owed_ += read_counter(counter_.get());
        reap();
    }
}

// What the predecessor had reaped but not handled is in the batch. What it had counted but not
// reaped can't be known, as it may have died between the two: the kernel's queue itself is asked.
void CompletionQueue::take_over() {
    handle_batch();
    read_counter(counter_.get());
    owed_ = UINT64_MAX;
    reap();
    after_takeover_();
}

// Never takes more than the eventfd has counted: else a later wake-up would find an empty queue,
// and a call that waits for the events that were promised would wait for ever.
void CompletionQueue::reap() {
    while (owed_ > 0) {
        const auto most = static_cast<long>(std::min<std::uint64_t>(owed_, batch_.size()));
        timespec at_once{};
        const int reaped = io_getevents(context_, 0, most, batch_.data(), &at_once);
        if (reaped == -EINTR) continue;
        if (reaped < 0) fail(-reaped, "io_getevents");
        if (reaped == 0) {
            owed_ = 0;  // a successor had these before they were counted
            return;
        }
        owed_ -= static_cast<std::uint64_t>(reaped);
        handle_batch();
    }
}

void CompletionQueue::handle_batch() {
    for (io_event& event : batch_) {
        if (event.obj == nullptr) continue;
        Request& request = *static_cast<Request*>(event.obj);
        const auto ticket = reinterpret_cast<std::uintptr_t>(event.data);
        if (request.ticket.load(std::memory_order_acquire) == ticket) {
            request.result = static_cast<long>(event.res);
            request.finished_at = Clock::now();
            request.on_complete(request);
        }
        event.obj = nullptr;
    }
}

}  // namespace aio_copy
