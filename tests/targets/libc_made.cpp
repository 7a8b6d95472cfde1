// libc_made: a thread of its own named "worker", and threads that the C library made: of a timer
// and of a message queue a helper each and one that runs the callback, which stays there. Those
// tell "pair NAME TID PTHREAD", in hexadecimal. Stays until its input closes.
#include "say.hpp"

#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace {

std::atomic<int> told{0};

[[noreturn]] void tell_and_stay(const char* name) {
    pthread_setname_np(pthread_self(), name);
    target::say("pair %s %lx %lx", name, static_cast<unsigned long>(syscall(SYS_gettid)),
                static_cast<unsigned long>(pthread_self()));
    told.fetch_add(1);
    while (true)
        pause();
}

sigevent call(void (*function)(sigval)) {
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD;
    event.sigev_notify_function = function;
    return event;
}

void start_timer() {
    sigevent event = call([](sigval) { tell_and_stay("of-timer"); });
    timer_t timer{};
    const itimerspec once{{0, 0}, {0, 1'000'000}};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) std::abort();
    timer_settime(timer, 0, &once, nullptr);
}

void start_queue() {
    const std::string name = "/threadfault-libc-made-" + std::to_string(getpid());
    mq_attr attributes{};
    attributes.mq_maxmsg = 1;
    attributes.mq_msgsize = 1;
    const mqd_t queue = mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
    if (queue < 0) std::abort();
    mq_unlink(name.c_str());
    const sigevent event = call([](sigval) { tell_and_stay("of-queue"); });
    if (mq_notify(queue, &event) != 0 || mq_send(queue, "", 1, 0) != 0) std::abort();
}

void* worker(void*) {
    pthread_setname_np(pthread_self(), "worker");
    told.fetch_add(1);
    while (true)
        pause();
}

}  // namespace

int main() {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, worker, nullptr) != 0) return 1;
    start_timer();
    start_queue();
    while (told < 3)
        usleep(1000);
    target::say("ready");
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    _exit(0);
}
