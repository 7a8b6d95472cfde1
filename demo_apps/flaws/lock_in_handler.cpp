// A signal handler takes a lock to print the statistics. When the signal hits the thread that has
// the lock, it waits for itself. Corrected, the handler leaves a note and the thread prints.
#include "flaw.hpp"

#include <signal.h>

#include <atomic>

pthread_mutex_t stats_mutex = PTHREAD_MUTEX_INITIALIZER;
unsigned stats = 0;  // guarded by stats_mutex
std::atomic<bool> report_wanted{false};

namespace {

void report() {
    const flaw::Lock lock(stats_mutex);
    char line[32];
    const int length = std::snprintf(line, sizeof line, "stats %u\n", stats);
    if (write(STDERR_FILENO, line, static_cast<std::size_t>(length)) < 0)
        flaw::fatal("stderr", errno);
}

void on_signal(int /*number*/) {
#ifdef FIXED
    report_wanted = true;
#else
    report();
#endif
}

void* worker(void* /*unused*/) {
    for (unsigned value = 1;;) {
        {
            const flaw::Lock lock(stats_mutex);
            stats += (value = flaw::compute(value)) % 2;
            flaw::nap(10);
        }
        if (report_wanted.exchange(false)) report();
    }
}

void* sampler(void* /*unused*/) {
    for (;;) {
        flaw::nap(50);
        const flaw::Lock lock(stats_mutex);
        flaw::compute(stats);
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "a worker that prints its statistics on SIGUSR1");
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, nullptr);
    const pthread_t threads[] = {flaw::start("worker", worker), flaw::start("sampler", sampler)};
    flaw::ready();
    for (const pthread_t thread : threads)
        pthread_join(thread, nullptr);
}
