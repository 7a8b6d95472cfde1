// What the program reads back of its signal masks is what it set, for every signal and by every
// call, in main and in threads, before and after the first thread.
#include "say.hpp"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char* text(const sigset_t& set) {
    static thread_local char buffer[65];
    for (int i = 1; i < 65; ++i)
        buffer[i - 1] = sigismember(&set, i) == 1 ? '1' : '.';
    return buffer;
}

static void show(const char* label) {
    sigset_t now;
    sigemptyset(&now);
    pthread_sigmask(SIG_BLOCK, nullptr, &now);
    say("%-28s %s", label, text(now));
}

static void table() {
    sigset_t all;
    sigset_t none;
    sigset_t old;
    sigfillset(&all);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int i = 1; i < 65; ++i) {
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, i);
        errno = 0;
        const int blocked = sigprocmask(SIG_BLOCK, &one, &old);
        sigset_t now;
        pthread_sigmask(SIG_BLOCK, nullptr, &now);
        say("block %d: %d errno %d, member %d %d", i, blocked, errno, sigismember(&old, i),
            sigismember(&now, i));
    }
    show("all one by one");
    for (int i = 64; i > 0; i -= 3) {
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, i);
        pthread_sigmask(SIG_UNBLOCK, &one, &old);
    }
    show("every third unblocked");
    sigprocmask(SIG_SETMASK, &all, &old);
    say("old %s", text(old));
    show("full");
    say("bad how: %d %d", sigprocmask(77, &all, nullptr), pthread_sigmask(77, &all, nullptr));
    sigprocmask(SIG_SETMASK, &none, &old);
    say("old %s", text(old));
    show("empty");
}

static void* in_thread(void* label) {
    show(static_cast<const char*>(label));
    sigset_t one;
    sigemptyset(&one);
    for (int i = 34; i < 65; i += 2)
        sigaddset(&one, i);
    sigset_t old;
    pthread_sigmask(SIG_BLOCK, &one, &old);
    show("thread, even real-time");
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
    show("thread, restored");
    return nullptr;
}

static void threads() {
    pthread_t thread;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    pthread_create(&thread, nullptr, in_thread, const_cast<char*>("inherits full"));
    pthread_join(thread, nullptr);
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, nullptr);
    pthread_create(&thread, nullptr, in_thread, const_cast<char*>("inherits empty"));
    pthread_join(thread, nullptr);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setsigmask_np(&attributes, &all);
    sigset_t back;
    sigemptyset(&back);
    say("getsigmask_np %d", pthread_attr_getsigmask_np(&attributes, &back));
    say("attribute %s", text(back));
    pthread_create(&thread, &attributes, in_thread, const_cast<char*>("attribute full"));
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
    show("creator unchanged");
}

static void other_calls() {
    sigset_t all;
    sigfillset(&all);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    raise(SIGCHLD);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    raise(SIGUSR1);
    raise(SIGRTMIN + 20);
    sigset_t pending;
    sigpending(&pending);
    say("pending %s", text(pending));
    siginfo_t info;
    const timespec now{0, 0};
    sigset_t wanted = all;
    for (;;) {
        const int got = sigtimedwait(&wanted, &info, &now);
        if (got < 0) break;
        say("took %d", got);
    }
    // Signals 1..31 by the old interfaces.
    sigprocmask(SIG_SETMASK, &none, nullptr);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    constexpr int kUsr1AndTerm = (1 << (SIGUSR1 - 1)) | (1 << (SIGTERM - 1));
    say("sigblock %x", static_cast<unsigned>(sigblock(kUsr1AndTerm)));
    say("sigsetmask %x", static_cast<unsigned>(sigsetmask(1 << (SIGHUP - 1))));
    say("sighold %d sigrelse %d", sighold(SIGRTMIN + 25), sigrelse(SIGHUP));
#pragma GCC diagnostic pop
    show("old interfaces");
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

int main() {
    table();
    other_calls();
    threads();
    table();
    other_calls();
    threads();
}
