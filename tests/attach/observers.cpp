#include "observers.hpp"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<unsigned long>* counter;

// What they wait for never comes; those with a time limit begin anew.
constexpr timespec kShort{0, 50'000'000};
constexpr timeval kShortSocket{0, 50'000};
pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t free_one = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t free_two = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t never = PTHREAD_COND_INITIALIZER;
pthread_cond_t never_two = PTHREAD_COND_INITIALIZER;
sem_t empty;
sem_t empty_two;
unsigned word = 0;
int semaphores = -1;
int queue = -1;
int file = -1;
pid_t child = -1;

sigset_t only(int number) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    return set;
}

timespec soon(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    time.tv_nsec += kShort.tv_nsec;
    if (time.tv_nsec >= 1'000'000'000) {
        ++time.tv_sec;
        time.tv_nsec -= 1'000'000'000;
    }
    return time;
}

// What these functions return is an errno.
long as_result(int error) {
    errno = error;
    return error == 0 ? 0 : -1;
}

int silent_pipe() {
    int ends[2];
    return pipe2(ends, O_CLOEXEC) == 0 ? ends[0] : -1;
}

int silent_socket(bool limited) {
    int ends[2];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
    if (limited) setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &kShortSocket, sizeof kShortSocket);
    return ends[0];
}

int listener(bool limited) {
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t));  // a free name
    listen(descriptor, 1);
    if (limited)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &kShortSocket, sizeof kShortSocket);
    return descriptor;
}

long read_word(int descriptor) {
    char buffer[256];
    return read(descriptor, buffer, sizeof buffer);
}

long wait_for_events(int limit, const sigset_t* mask) {
    static const int descriptor = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    return epoll_pwait(descriptor, &event, 1, limit, mask);
}

long sleep_on_word(const timespec* limit) {
    return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, limit, nullptr, 0);
}

long take_semaphore(const timespec* limit) {
    sembuf down{0, -1, 0};
    return semtimedop(semaphores, &down, 1, limit);
}

long wait_for_ring() {
    // io_uring_setup and io_uring_enter; parameters that are all 0.
    static const int ring = [] {
        char parameters[256] = {};
        return static_cast<int>(syscall(425, 4, parameters));
    }();
    if (ring < 0) return pause();  // not allowed here
    constexpr unsigned kGetEvents = 1;
    return syscall(426, ring, 0, 1, kGetEvents, nullptr, 0);
}

struct Observer {
    const char* name;
    long (*call)();
};

constexpr Observer kObservers[] = {
    {"in-read",
     [] {
         static const int fd = silent_pipe();
         return read_word(fd);
     }},
    {"in-recv",
     [] {
         static const int fd = silent_socket(false);
         return read_word(fd);
     }},
    {"in-recv-to",
     [] {
         static const int fd = silent_socket(true);
         return read_word(fd);
     }},
    {"in-accept",
     [] {
         static const int fd = listener(false);
         return long{accept(fd, nullptr, nullptr)};
     }},
    {"in-accept-to",
     [] {
         static const int fd = listener(true);
         return long{accept(fd, nullptr, nullptr)};
     }},
    {"in-poll-to", [] { return long{poll(nullptr, 0, 50)}; }},
    {"in-poll", [] { return long{poll(nullptr, 0, -1)}; }},
    {"in-ppoll", [] { return long{ppoll(nullptr, 0, &kShort, nullptr)}; }},
    {"in-select",
     [] {
         timeval limit = kShortSocket;
         return long{select(0, nullptr, nullptr, nullptr, &limit)};
     }},
    {"in-epoll-to", [] { return wait_for_events(50, nullptr); }},
    {"in-epoll", [] { return wait_for_events(-1, nullptr); }},
    {"in-epoll-pwait",
     [] {
         sigset_t all;
         sigfillset(&all);
         return wait_for_events(-1, &all);
     }},
    {"in-nanosleep", [] { return long{nanosleep(&kShort, nullptr)}; }},
    {"in-sleep-abs",
     [] {
         const timespec time = soon(CLOCK_MONOTONIC);
         return as_result(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr));
     }},
    {"in-futex", [] { return sleep_on_word(nullptr); }},
    {"in-futex-to", [] { return sleep_on_word(&kShort); }},
    {"in-mutex", [] { return as_result(pthread_mutex_lock(&held)); }},
    {"in-cond",
     [] {
         pthread_mutex_lock(&free_one);
         return as_result(pthread_cond_wait(&never, &free_one));
     }},
    {"in-cond-to",
     [] {
         const timespec time = soon(CLOCK_REALTIME);
         pthread_mutex_lock(&free_two);
         const int error = pthread_cond_timedwait(&never_two, &free_two, &time);
         pthread_mutex_unlock(&free_two);
         return as_result(error);
     }},
    {"in-sem", [] { return long{sem_wait(&empty)}; }},
    {"in-sem-to",
     [] {
         const timespec time = soon(CLOCK_REALTIME);
         return long{sem_timedwait(&empty_two, &time)};
     }},
    {"in-join",
     [] {
         pthread_t sleeper{};
         pthread_create(
             &sleeper, nullptr,
             [](void*) -> void* {
                 for (;;)
                     nanosleep(&kShort, nullptr);
             },
             nullptr);
         return as_result(pthread_join(sleeper, nullptr));
     }},
    {"in-semop", [] { return take_semaphore(nullptr); }},
    {"in-semtimedop", [] { return take_semaphore(&kShort); }},
    {"in-msgrcv",
     [] {
         struct {
             long type;
             char text[8];
         } message{};
         return long{msgrcv(queue, &message, sizeof message.text, 0, 0)};
     }},
    {"in-sigwaitinfo",
     [] {
         const sigset_t awaited = only(SIGUSR1);
         return long{sigwaitinfo(&awaited, nullptr)};
     }},
    {"in-sigtimedwait",
     [] {
         const sigset_t awaited = only(SIGUSR1);
         return long{sigtimedwait(&awaited, nullptr, &kShort)};
     }},
    {"in-signalfd",
     [] {
         const sigset_t awaited = only(SIGUSR1);
         static const int fd = signalfd(-1, &awaited, SFD_CLOEXEC);
         return read_word(fd);
     }},
    {"in-timerfd",
     [] {
         static const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
         return read_word(fd);
     }},
    {"in-eventfd",
     [] {
         static const int fd = eventfd(0, EFD_CLOEXEC);
         return read_word(fd);
     }},
    {"in-inotify",
     [] {
         static const int fd = inotify_init1(IN_CLOEXEC);
         return read_word(fd);
     }},
    {"in-wait4", [] { return long{waitpid(child, nullptr, 0)}; }},
    {"in-flock",
     [] {
         // Another open file, whose lock the first one has.
         static const int fd = open("/proc/self/fd/9", O_RDWR | O_CLOEXEC);
         return long{flock(fd, LOCK_EX)};
     }},
    {"in-fcntl-lock",
     [] {
         struct flock lock {};
         lock.l_type = F_WRLCK;
         return long{fcntl(file, F_SETLKW, &lock)};
     }},
    {"in-io-uring", wait_for_ring},
};

void* observe(void* argument) {
    const auto* const observer = static_cast<const Observer*>(argument);
    pthread_setname_np(pthread_self(), observer->name);
    for (;;) {
        if (observer->call() != -1 || errno != EINTR) continue;
        ++*counter;
        std::fprintf(stderr, "EINTR in %s\n", observer->name);
    }
}

// It has the lock of fcntl(2), is waited for, and takes away what outlives processes when it is
// alone.
void start_child() {
    int locked[2];
    int alive[2];
    if (pipe2(locked, O_CLOEXEC) != 0 || pipe2(alive, O_CLOEXEC) != 0) std::abort();
    child = fork();
    if (child == 0) {
        struct flock lock {};
        lock.l_type = F_WRLCK;
        fcntl(file, F_SETLK, &lock);
        close(alive[1]);
        close(locked[1]);
        read_word(alive[0]);
        semctl(semaphores, 0, IPC_RMID);
        msgctl(queue, IPC_RMID, nullptr);
        _exit(0);
    }
    close(locked[1]);
    read_word(locked[0]);
    close(locked[0]);
}

}  // namespace

void start_observers(std::atomic<unsigned long>* interrupted) {
    counter = interrupted;
    semaphores = semget(IPC_PRIVATE, 1, 0600);
    queue = msgget(IPC_PRIVATE, 0600);
    file = dup2(memfd_create("locked", MFD_CLOEXEC), 9);
    flock(file, LOCK_EX);
    start_child();
    sem_init(&empty, 0, 0);
    sem_init(&empty_two, 0, 0);
    pthread_mutex_lock(&held);
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (const Observer& observer : kObservers) {
        pthread_t thread{};
        pthread_create(&thread, nullptr, observe, const_cast<Observer*>(&observer));
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}
