// Every real-time signal is the program's: blocked and raised, queued, sent by timers, waited for
// in each way, by one thread or by a thread that waits for the others, with its default action, and
// with an action that reads back whole.
#include "say.hpp"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <initializer_list>

namespace {

enum class Blocking { real_time, everything };
enum class Sending { raise, kill, queue, thread_kill, thread_queue, timer };
enum class Waiting { timed, info, plain, descriptor };

sigset_t set_of(Blocking blocking) {
    sigset_t set;
    if (blocking == Blocking::everything) {
        sigfillset(&set);
        return set;
    }
    sigemptyset(&set);
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number)
        sigaddset(&set, number);
    return set;
}

void send(Sending how, int number) {
    sigval value{};
    value.sival_int = number + 1000;
    switch (how) {
        case Sending::raise:
            raise(number);
            return;
        case Sending::kill:
            kill(getpid(), number);
            return;
        case Sending::queue:
            sigqueue(getpid(), number, value);
            return;
        case Sending::thread_kill:
            pthread_kill(pthread_self(), number);
            return;
        case Sending::thread_queue:
            pthread_sigqueue(pthread_self(), number, value);
            return;
        case Sending::timer: {
            sigevent event{};
            event.sigev_notify = SIGEV_SIGNAL;
            event.sigev_signo = number;
            event.sigev_value = value;
            timer_t timer{};
            if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) say("timer %d", errno);
            itimerspec soon{};
            soon.it_value.tv_nsec = 1;
            timer_settime(timer, 0, &soon, nullptr);
            return;
        }
    }
}

// One that waits to be taken, or 0 after a moment without any.
int take(Waiting how, const sigset_t& set, int descriptor) {
    siginfo_t info{};
    const timespec moment{0, 300'000'000};
    int number = 0;
    switch (how) {
        case Waiting::timed:
            number = sigtimedwait(&set, &info, &moment);
            return number > 0 ? number : 0;
        case Waiting::info:
            number = sigwaitinfo(&set, &info);
            return number > 0 ? number : 0;
        case Waiting::plain:
            return sigwait(&set, &number) == 0 ? number : 0;
        case Waiting::descriptor: {
            pollfd one{descriptor, POLLIN, 0};
            if (poll(&one, 1, 300) != 1) return 0;
            signalfd_siginfo told{};
            if (read(descriptor, &told, sizeof told) != sizeof told) return 0;
            return static_cast<int>(told.ssi_signo);
        }
    }
    return 0;
}

void block_send_take(Blocking blocking, Sending sending, Waiting waiting) {
    sigset_t set = set_of(blocking);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    const int descriptor = waiting == Waiting::descriptor ? signalfd(-1, &set, SFD_CLOEXEC) : -1;
    const int all = SIGRTMAX - SIGRTMIN + 1;
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number)
        send(sending, number);
    if (sending == Sending::timer) usleep(50'000);
    sigset_t waits;
    sigpending(&waits);
    int pending = 0;
    int wrong = 0;
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number)
        pending += sigismember(&waits, number) == 1;
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number)
        wrong += take(waiting, set, descriptor) != number;
    sigset_t now;
    pthread_sigmask(SIG_BLOCK, nullptr, &now);
    int blocked = 0;
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number)
        blocked += sigismember(&now, number) == 1;
    say("blocking %d sending %d waiting %d: %d of %d pending, %d wrong, %d blocked",
        static_cast<int>(blocking), static_cast<int>(sending), static_cast<int>(waiting), pending,
        all, wrong, blocked);
    _exit(0);
}

template <typename Do>
void in_child(Do what) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);
        what();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) say("child status %x", static_cast<unsigned>(status));
}

void make_thread() {
    pthread_t thread;
    pthread_create(
        &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
    pthread_join(thread, nullptr);
}

void each_way(bool with_thread) {
    for (const auto blocking : {Blocking::real_time, Blocking::everything}) {
        for (const auto sending : {Sending::raise, Sending::kill, Sending::queue,
                                   Sending::thread_kill, Sending::thread_queue, Sending::timer}) {
            for (const auto waiting :
                 {Waiting::timed, Waiting::info, Waiting::plain, Waiting::descriptor}) {
                in_child([&] {
                    if (with_thread) make_thread();
                    block_send_take(blocking, sending, waiting);
                });
            }
        }
    }
}

// All threads block everything, and one of them waits for whatever the process is sent.
void one_waits_for_the_others(bool asleep) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    pthread_t idle[3];
    static int gate[2];
    if (pipe(gate) != 0) return;
    for (pthread_t& thread : idle) {
        pthread_create(
            &thread, nullptr,
            [](void*) -> void* {
                char byte = 0;
                while (read(gate[0], &byte, 1) < 0) {
                }
                return nullptr;
            },
            nullptr);
    }
    const auto wait_for_all = [](void*) -> void* {
        sigset_t set;
        sigfillset(&set);
        int taken[65] = {};
        for (int i = SIGRTMIN; i <= SIGRTMAX; ++i) {
            const int number = take(Waiting::plain, set, -1);
            ++taken[number];
        }
        int once = 0;
        for (int i = 0; i <= SIGRTMAX; ++i) {
            once += taken[i] == 1;
            if (taken[i] != (i >= SIGRTMIN ? 1 : 0)) say("%d was taken %d times", i, taken[i]);
        }
        say("%d taken by the thread that waits", once);
        return nullptr;
    };
    pthread_t waiter;
    if (asleep) {
        pthread_create(&waiter, nullptr, wait_for_all, nullptr);
        usleep(50'000);
    }
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number)
        send(number % 2 == 0 ? Sending::kill : Sending::queue, number);
    if (!asleep) pthread_create(&waiter, nullptr, wait_for_all, nullptr);
    pthread_join(waiter, nullptr);
    close(gate[1]);
    for (const pthread_t thread : idle)
        pthread_join(thread, nullptr);
}

// A burst of one signal keeps its order.
void burst(int number) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    sigval value{};
    for (int i = 0; i < 5; ++i) {
        value.sival_int = i;
        sigqueue(getpid(), number, value);
    }
    int wrong = 0;
    for (int i = 0; i < 5; ++i) {
        siginfo_t info{};
        const timespec moment{1, 0};
        const int taken = sigtimedwait(&all, &info, &moment);
        wrong += taken != number || info.si_value.sival_int != i || info.si_code != SI_QUEUE ||
                 info.si_pid != getpid();
    }
    if (wrong != 0) say("burst of %d: %d wrong", number, wrong);
}

void default_action(bool with_thread, Sending sending) {
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) {
        const pid_t child = fork();
        if (child == 0) {
            if (with_thread) make_thread();
            send(sending, number);
            if (sending == Sending::timer) sleep(5);
            _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != number)
            say("default action of %d: status %x", number, static_cast<unsigned>(status));
    }
    say("every default action %d %d", with_thread, static_cast<int>(sending));
}

void ignored() {
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) {
        signal(number, SIG_IGN);
        raise(number);
        kill(getpid(), number);
    }
    say("ignored all");
}

void show(int number, const char* when, const struct sigaction& action) {
    int members = 0;
    for (int i = 1; i < 65; ++i)
        members += sigismember(&action.sa_mask, i) == 1;
    const char* const handler = action.sa_handler == SIG_DFL   ? "default"
                                : action.sa_handler == SIG_IGN ? "ignore"
                                                               : "other";
    say("%d %s: %s flags %x mask %d usr1 %d", number, when, handler,
        static_cast<unsigned>(action.sa_flags), members, sigismember(&action.sa_mask, SIGUSR1));
}

void actions_read_back_whole() {
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) {
        struct sigaction old {};
        sigaction(number, nullptr, &old);
        show(number, "at first", old);
        struct sigaction action {};
        action.sa_handler = SIG_IGN;
        action.sa_flags = SA_RESTART | SA_ONSTACK | SA_NODEFER;
        sigemptyset(&action.sa_mask);
        sigaddset(&action.sa_mask, SIGUSR1);
        sigaddset(&action.sa_mask, SIGKILL);
        sigaddset(&action.sa_mask, number);
        sigaction(number, &action, &old);
        show(number, "before", old);
        sigaction(number, nullptr, &old);
        show(number, "ignored", old);
        action.sa_handler = SIG_DFL;
        action.sa_flags = 0;
        sigfillset(&action.sa_mask);
        sigaction(number, &action, &old);
        show(number, "old", old);
        sigaction(number, nullptr, &old);
        show(number, "default again", old);
        signal(number, SIG_IGN);
        sigaction(number, nullptr, &old);
        show(number, "by signal()", old);
        action.sa_handler = [](int) {};
        action.sa_flags = SA_RESTART;
        sigaction(number, &action, &old);
        show(number, "before a handler", old);
        sigaction(number, nullptr, &old);
        show(number, "handler", old);
        signal(number, SIG_DFL);
    }
}

}  // namespace

int main() {
    each_way(false);
    each_way(true);
    in_child([] { one_waits_for_the_others(true); });
    in_child([] { one_waits_for_the_others(false); });
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number)
        in_child([&] { burst(number); });
    for (const auto sending :
         {Sending::raise, Sending::kill, Sending::queue, Sending::thread_queue, Sending::timer}) {
        default_action(false, sending);
        default_action(true, sending);
    }
    in_child(ignored);
    in_child([] {
        make_thread();
        ignored();
    });
    in_child(actions_read_back_whole);
    in_child([] {
        make_thread();
        actions_read_back_whole();
    });
}
