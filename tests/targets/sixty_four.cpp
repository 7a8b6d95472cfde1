// sixty_four [--refill]: 64 threads that work and sleep by turns, for long storms. Runs until it is
// ended, or with --refill until its input ends: then each thread that ends is joined and another
// one made in its place; how many SIGRTMAX a thread got is printed as "ended TID COUNT" when it was
// joined, and on a line of input as "living TID COUNT" for the others, up to a line "end".
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

namespace {

struct Worker {
    pthread_t thread;
    std::atomic<int> tid;
    std::atomic<int> signals;
};
Worker workers[64];

// A handler in the thread that the signal went to: by its own tid, whatever the sender meant.
void count_signal(int) {
    const int tid = static_cast<int>(syscall(SYS_gettid));
    for (Worker& worker : workers) {
        if (worker.tid == tid) ++worker.signals;
    }
}

void* work(void* argument) {
    static_cast<Worker*>(argument)->tid = static_cast<int>(syscall(SYS_gettid));
    pthread_setname_np(pthread_self(), "worker");
    const timespec pause{0, 2'000'000};
    for (volatile unsigned long sum = 0;;) {
        for (unsigned i = 0; i < 2000; ++i)
            sum = sum + i;
        nanosleep(&pause, nullptr);
    }
}

void print(const char* which, const Worker& worker) {
    if (worker.signals > 0) printf("%s %d %d\n", which, worker.tid.load(), worker.signals.load());
}

void refill() {
    char line[64];
    for (pollfd input{STDIN_FILENO, POLLIN, 0};;) {
        for (Worker& worker : workers) {
            if (pthread_tryjoin_np(worker.thread, nullptr) != 0) continue;
            print("ended", worker);
            worker.tid = 0;
            worker.signals = 0;
            pthread_create(&worker.thread, nullptr, work, &worker);
        }
        if (poll(&input, 1, 1) <= 0) continue;
        if (read(STDIN_FILENO, line, sizeof line) <= 0) return;
        for (const Worker& worker : workers)
            print("living", worker);
        puts("end");
        fflush(stdout);
    }
}

}  // namespace

int main(int argc, char** argv) {
    struct sigaction action {};
    action.sa_handler = count_signal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGRTMAX, &action, nullptr);
    for (Worker& worker : workers)
        pthread_create(&worker.thread, nullptr, work, &worker);
    if (argc > 1 && strcmp(argv[1], "--refill") == 0) {
        refill();
        return 0;
    }
    for (;;)
        pause();
}
