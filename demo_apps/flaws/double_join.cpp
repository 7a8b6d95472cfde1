// The loop that looks after the workers joins one that has ended, and the shutdown joins it once
// more. The second join throws, nobody catches it.
#include "flaw.hpp"

#include <signal.h>

#include <atomic>
#include <thread>

std::atomic<bool> stopping{false};

struct Worker {
    std::thread thread;
    std::atomic<bool> ended{false};
};

Worker workers[3];

namespace {

struct EndMark {
    std::atomic<bool>& ended;
    ~EndMark() { ended = true; }
};

void work(Worker& self) {
    const EndMark mark{self.ended};
    for (unsigned value = 1; !stopping;) {
        value = flaw::compute(value);
        flaw::nap(3);
    }
}

void reap() {
    for (Worker& worker : workers) {
        if (!worker.ended.exchange(false)) continue;
        worker.thread.join();
        std::fputs("a worker has ended, going on with the others\n", stderr);
    }
}

void shut_down() {
    stopping = true;
    for (Worker& worker : workers) {
#ifdef FIXED
        if (!worker.thread.joinable()) continue;
#endif
        worker.thread.join();
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "workers that are joined when they end and at shutdown (SIGTERM)");
    sigset_t terminate;
    sigemptyset(&terminate);
    sigaddset(&terminate, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &terminate, nullptr);
    for (Worker& worker : workers) {
        worker.thread = std::thread(work, std::ref(worker));
        pthread_setname_np(worker.thread.native_handle(), "worker");
    }
    flaw::ready();
    const timespec interval{0, 20'000'000};
    for (bool told = false; !told;) {
        told = sigtimedwait(&terminate, nullptr, &interval) == SIGTERM;
        reap();
    }
    shut_down();
}
