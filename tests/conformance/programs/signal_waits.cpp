// Service threads that block everything and wait for any signal, by each of the waiting calls.
#include "say.hpp"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void handler(int) {}

static void* wait_any(void*) {
    sigset_t all;
    sigfillset(&all);
    int number = 0;
    say("sigwait %d got %d", sigwait(&all, &number), number);
    siginfo_t info;
    const int got = sigwaitinfo(&all, &info);
    say("sigwaitinfo got %d value %d", got, info.si_value.sival_int);
    return nullptr;
}

static void send(pthread_t thread, int number, int value) {
    sigval payload{};
    payload.sival_int = value;
    pthread_sigqueue(thread, number, payload);
}

int main() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    pthread_t thread;
    pthread_create(&thread, nullptr, wait_any, nullptr);
    send(thread, SIGUSR1, 1);
    send(thread, SIGRTMIN + 3, 33);
    pthread_join(thread, nullptr);

    const int fd = signalfd(-1, &all, SFD_CLOEXEC);
    pthread_create(
        &thread, nullptr,
        [](void* descriptor) -> void* {
            signalfd_siginfo info{};
            const int from = static_cast<int>(reinterpret_cast<long>(descriptor));
            for (int i = 0; i < 2; ++i) {
                if (read(from, &info, sizeof info) != sizeof info) return nullptr;
                say("signalfd got %u value %d", info.ssi_signo, info.ssi_int);
            }
            return nullptr;
        },
        reinterpret_cast<void*>(static_cast<long>(fd)));
    send(thread, SIGHUP, 1);
    send(thread, SIGRTMIN + 4, 44);
    pthread_join(thread, nullptr);
    close(fd);

    // Calls that put a mask in place while they wait: the handler's signal is let in.
    signal(SIGUSR2, handler);
    sigset_t but_usr2 = all;
    sigdelset(&but_usr2, SIGUSR2);
    raise(SIGUSR2);
    say("sigsuspend %d errno %d", sigsuspend(&but_usr2), errno);
    raise(SIGUSR2);
    pollfd none{-1, 0, 0};
    const timespec long_wait{20, 0};
    say("ppoll %d errno %d", ppoll(&none, 1, &long_wait, &but_usr2), errno);
    raise(SIGUSR2);
    say("pselect %d errno %d", pselect(0, nullptr, nullptr, nullptr, &long_wait, &but_usr2), errno);
    raise(SIGUSR2);
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    say("epoll_pwait %d errno %d", epoll_pwait(epoll, &event, 1, 20000, &but_usr2), errno);
    raise(SIGUSR2);
    say("epoll_pwait2 %d errno %d", epoll_pwait2(epoll, &event, 1, &long_wait, &but_usr2), errno);
    const timespec no_wait{0, 0};
    say("ppoll without a mask %d", ppoll(&none, 1, &no_wait, nullptr));
    say("ppoll with everything blocked %d", ppoll(&none, 1, &no_wait, &all));
    sigset_t now;
    sigset_t pending;
    pthread_sigmask(SIG_BLOCK, nullptr, &now);
    sigpending(&pending);
    int blocked = 0;
    int waiting = 0;
    for (int i = 1; i < 65; ++i) {
        blocked += sigismember(&now, i) == 1;
        waiting += sigismember(&pending, i) == 1;
    }
    say("blocked %d pending %d", blocked, waiting);
    siginfo_t info;
    say("sigtimedwait %d errno %d", sigtimedwait(&all, &info, &no_wait), errno);
}
