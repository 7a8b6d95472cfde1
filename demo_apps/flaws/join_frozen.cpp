// Shutdown (SIGTERM) joins every worker, however long that takes: one that hangs, in a dead file
// system for instance, keeps the program alive for ever. Corrected, shutdown gives up after a
// second and ends with 0.
#include "flaw.hpp"

#include <signal.h>

#include <atomic>

std::atomic<bool> stopping{false};

namespace {

void* worker(void* /*unused*/) {
    for (unsigned value = 1; !stopping;) {
        value = flaw::compute(value);
        flaw::nap(3);
    }
    return nullptr;
}

void join_all(const pthread_t (&workers)[2]) {
#ifdef FIXED
    timespec deadline{};
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += 1;
    for (const pthread_t thread : workers) {
        if (pthread_timedjoin_np(thread, nullptr, &deadline) != ETIMEDOUT) continue;
        std::fputs("a worker does not end, going without it\n", stderr);
        _exit(0);  // not exit(): static objects may be in that worker's use
    }
#else
    for (const pthread_t thread : workers)
        pthread_join(thread, nullptr);
#endif
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "a shutdown (SIGTERM) that waits for every worker");
    sigset_t terminate;
    sigemptyset(&terminate);
    sigaddset(&terminate, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &terminate, nullptr);
    const pthread_t workers[] = {flaw::start("worker-1", worker), flaw::start("worker-2", worker)};
    flaw::ready();
    int received = 0;
    sigwait(&terminate, &received);
    stopping = true;
    join_all(workers);
}
