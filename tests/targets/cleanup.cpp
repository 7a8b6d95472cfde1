// Threads named after what they wait in, whose destructors pass cancellation points: they print. So
// they do when a call of theirs is interrupted.
#include "say.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

namespace {

// stdio, and a lock of its own: what a thread that hangs in its clean-up would keep.
struct Printer {
    const char* name;
    ~Printer() {
        std::printf("destroyed %s\n", name);
        std::fflush(stdout);
    }
};

void wait_in(const char* name, void (*wait)()) {
    std::thread([=] {
        pthread_setname_np(pthread_self(), name);
        const Printer printer{name};
        for (;;)
            wait();
    }).detach();
}

std::mutex mutex;
std::condition_variable condition;

}  // namespace

int main() {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // each line is a system call
    wait_in("epoll", [] {
        static const int descriptor = epoll_create1(0);
        epoll_event event;
        if (epoll_wait(descriptor, &event, 1, -1) < 0) std::printf("interrupted\n");
    });
    wait_in("sleep", [] {
        const timespec time{1000, 0};
        if (nanosleep(&time, nullptr) != 0) std::printf("interrupted\n");
    });
    wait_in("cond", [] {
        std::unique_lock<std::mutex> lock(mutex);
        condition.wait(lock);
    });
    target::say("ready");
    char byte = 0;
    while (read(0, &byte, 1) > 0) {
    }
    _exit(0);
}
