// Threads that the C library makes itself: timers, asynchronous I/O, message queues.
#include "say.hpp"

#include <aio.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

static std::atomic<int> ticks{0};

int main() {
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD;
    event.sigev_value.sival_int = 3;
    event.sigev_notify_function = [](sigval value) { ticks += value.sival_int; };
    timer_t timer{};
    say("timer_create %d", timer_create(CLOCK_MONOTONIC, &event, &timer));
    const itimerspec soon{{0, 0}, {0, 1'000'000}};
    timer_settime(timer, 0, &soon, nullptr);
    while (ticks == 0)
        usleep(1000);
    say("ticks %d", ticks.load());
    timer_delete(timer);

    char buffer[16] = {};
    aiocb request{};
    request.aio_fildes = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
    request.aio_buf = buffer;
    request.aio_nbytes = sizeof buffer - 1;
    say("aio_read %d", aio_read(&request));
    const aiocb* const list[] = {&request};
    while (aio_error(&request) != 0)
        aio_suspend(list, 1, nullptr);
    say("aio_return %d", aio_return(&request) > 0);
}
