#include "watched_thread.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace timer_tasklet {

WatchedThread::WatchedThread(const char* name, std::function<void()> body)
    : name_(name), body_(std::move(body)) {}

void WatchedThread::start() {
    started_at_ = Clock::now();
    thread_ = std::thread(&WatchedThread::run, this);
}

void WatchedThread::join() {
    if (thread_.joinable()) thread_.join();
}

void WatchedThread::run() {
    pid_t nobody = 0;
    if (!owner_.compare_exchange_strong(nobody, gettid())) return;
    pthread_setname_np(pthread_self(), name_);
    body_();
}

bool WatchedThread::replace_if_lost() {
    const pid_t owner = owner_.load();
    if (owner != 0) {
        if (syscall(SYS_tgkill, getpid(), owner, 0) == 0 || errno != ESRCH) return false;
        std::printf("%s %d is gone: a successor goes on\n", name_, owner);
        thread_.join();  // at once, and what the dead thread has stored can be seen
    } else {
        // It may have died before it could say who it is, or only be late. In that case it finds
        // the body taken, and leaves.
        if (Clock::now() - started_at_ < std::chrono::milliseconds(500)) return false;
        thread_.detach();
    }
    owner_ = 0;
    start();
    return true;
}

}  // namespace timer_tasklet
