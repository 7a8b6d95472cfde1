// What the flaw programs share: their command line, starting threads, work that takes time, and
// the ways in which they say that something is wrong.
#ifndef THREADFAULT_DEMO_APPS_FLAWS_FLAW_HPP
#define THREADFAULT_DEMO_APPS_FLAWS_FLAW_HPP

#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace flaw {

// `--help` says in one line what the program is; there are no other arguments.
inline void begin(int argc, char** argv, const char* what) {
    if (argc == 1) return;
    const bool help = std::strcmp(argv[1], "--help") == 0;
    std::fprintf(help ? stdout : stderr, "%s: %s\n", argv[0], what);
    std::exit(help ? 0 : 2);
}

inline void ready() {
    std::puts("ready");
    std::fflush(stdout);
}

// The program can't go on: exit code 1.
[[noreturn]] inline void fatal(const char* what, int error) {
    std::fprintf(stderr, "%s: %s\n", what, std::strerror(error));
    _exit(1);
}

// The program found that it worked on wrong data: exit code 3.
[[noreturn]] inline void corrupt(const char* what) {
    std::printf("corrupt: %s\n", what);
    std::fflush(stdout);
    _exit(3);
}

inline pthread_t start(const char* name, void* (*routine)(void*), void* argument = nullptr) {
    pthread_t thread{};
    const int error = pthread_create(&thread, nullptr, routine, argument);
    if (error != 0) fatal("pthread_create", error);
    pthread_setname_np(thread, name);
    return thread;
}

// Waits as a slow disk or a peer would: a cancellation point, and signals don't shorten it.
inline void nap(int milliseconds) {
    timespec left{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

// A fraction of a millisecond of real work, without a cancellation point.
inline unsigned compute(unsigned seed) {
    for (int i = 0; i < 50'000; ++i)
        seed = seed * 1'664'525U + 1'013'904'223U;
    return seed;
}

class Lock {
public:
    explicit Lock(pthread_mutex_t& mutex) : mutex_(mutex) { pthread_mutex_lock(&mutex_); }
    ~Lock() { pthread_mutex_unlock(&mutex_); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

private:
    pthread_mutex_t& mutex_;
};

}  // namespace flaw

#endif  // THREADFAULT_DEMO_APPS_FLAWS_FLAW_HPP
