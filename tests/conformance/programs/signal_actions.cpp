// Dispositions: what the program sets it reads back, and its handlers are called, for every signal
// that it may use, before and after the first thread, in any order.
#include "say.hpp"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t last = 0;
static volatile sig_atomic_t last_value = 0;

static void plain(int number) {
    last = number;
}
static void detailed(int number, siginfo_t* info, void*) {
    last = number;
    last_value = info->si_value.sival_int;
}

static const char* name(const struct sigaction& action) {
    if (action.sa_handler == SIG_DFL) return "default";
    if (action.sa_handler == SIG_IGN) return "ignore";
    if (action.sa_handler == plain) return "plain";
    if (action.sa_sigaction == detailed) return "detailed";
    return "UNKNOWN";
}

static int members(const sigset_t& set) {
    int count = 0;
    for (int i = 1; i < 65; ++i)
        count += sigismember(&set, i) == 1;
    return count;
}

static void one_by_one() {
    for (int i = 1; i < 66; ++i) {
        struct sigaction action {};
        struct sigaction old {};
        struct sigaction back {};
        action.sa_handler = plain;
        sigfillset(&action.sa_mask);
        action.sa_flags = SA_RESTART;
        errno = 0;
        const int result = sigaction(i, &action, &old);
        const int error = errno;
        if (result == 0 && sigaction(i, nullptr, &back) != 0) say("can't read %d back", i);
        last = 0;
        if (result == 0) raise(i);
        say("%d: %d errno %d, was %s, is %s mask %d flags %x, raised %d", i, result, error,
            name(old), name(back), members(back.sa_mask), static_cast<unsigned>(back.sa_flags),
            static_cast<int>(last));
        if (result == 0) {
            action.sa_flags = SA_SIGINFO;
            action.sa_sigaction = detailed;
            sigemptyset(&action.sa_mask);
            sigaction(i, &action, &old);
            sigval value{};
            value.sival_int = i + 1000;
            last_value = 0;
            // To this thread: one for the process might be another thread's.
            pthread_sigqueue(pthread_self(), i, value);
            say("  was %s mask %d, queued value %d", name(old), members(old.sa_mask),
                static_cast<int>(last_value));
            void (*const was)(int) = signal(i, SIG_IGN);
            say("  signal(): was %s",
                reinterpret_cast<void*>(was) == reinterpret_cast<void*>(detailed) ? "detailed"
                                                                                  : "other");
            raise(i);
            say("  signal() back to default: %s",
                signal(i, SIG_DFL) == SIG_IGN ? "ignore" : "other");
        }
    }
}

static void reset_loop() {
    int changed = 0;
    for (int i = 1; i < 65; ++i) {
        if (signal(i, SIG_DFL) == SIG_ERR) continue;
        struct sigaction now {};
        sigaction(i, nullptr, &now);
        changed += now.sa_handler != SIG_DFL;
    }
    say("not default after the reset: %d", changed);
    for (int i = 1; i < 65; ++i) {
        struct sigaction ignore {};
        ignore.sa_handler = SIG_IGN;
        struct sigaction now {};
        if (sigaction(i, &ignore, nullptr) != 0) continue;
        sigaction(i, nullptr, &now);
        changed += now.sa_handler != SIG_IGN;
    }
    say("not ignored after ignoring: %d", changed);
    for (int i = 34; i < 65; ++i)
        signal(i, SIG_DFL);
    for (int i = 1; i < 32; ++i)
        signal(i, SIG_DFL);
}

// A real-time signal with the default action ends the process; all of them, one child each.
static void default_action() {
    for (int i = 34; i < 65; ++i) {
        const pid_t pid = fork();
        if (pid == 0) {
            struct sigaction action {};
            action.sa_handler = plain;
            sigaction(i, &action, nullptr);
            raise(i);
            _exit(last == i ? 0 : 1);
        }
        int status = 0;
        waitpid(pid, &status, 0);
        if (status != 0) say("signal %d: child status %d", i, status);
    }
    say("handlers of all real-time signals work in children");
}

int main() {
    one_by_one();
    reset_loop();
    pthread_t thread;
    pthread_create(
        &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
    pthread_join(thread, nullptr);
    reset_loop();
    pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
            one_by_one();
            return nullptr;
        },
        nullptr);
    pthread_join(thread, nullptr);
    default_action();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    siginterrupt(SIGUSR1, 1);
#pragma GCC diagnostic pop
    struct sigaction now {};
    sigaction(SIGUSR1, nullptr, &now);
    say("siginterrupt: flags %x", static_cast<unsigned>(now.sa_flags));
}
