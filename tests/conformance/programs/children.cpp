// vfork, posix_spawn, system and popen from a program with threads; a vfork child that edits its
// signals before exec leaves the parent's alone.
#include "say.hpp"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void handler(int) {}

static void show(const char* label) {
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    int blocked = 0;
    for (int i = 1; i < 65; ++i)
        blocked += sigismember(&mask, i) == 1;
    int handled = 0;
    int ignored = 0;
    for (int i = 1; i < 65; ++i) {
        struct sigaction action {};
        if (sigaction(i, nullptr, &action) != 0) continue;
        handled += action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
        ignored += action.sa_handler == SIG_IGN;
    }
    say("%s: blocked %d handled %d ignored %d", label, blocked, handled, ignored);
}

static void wait_for(const char* label, pid_t pid) {
    int status = 0;
    say("%s: %d status %d", label, waitpid(pid, &status, 0) == pid, status);
}

static void vfork_and_exec(const char* self) {
    const pid_t pid = vfork();
    if (pid == 0) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, nullptr);
        for (int i = 1; i < 65; ++i)
            signal(i, SIG_DFL);
        signal(SIGRTMIN + 26, SIG_IGN);
        execl(self, self, "child", nullptr);
        _exit(127);
    }
    wait_for("vfork", pid);
    show("parent after vfork");
    const pid_t failing = vfork();
    if (failing == 0) {
        execl("/nonexistent/program", "x", nullptr);
        _exit(126);
    }
    wait_for("vfork, no such program", failing);
}

static void* work(void* self) {
    vfork_and_exec(static_cast<const char*>(self));
    return nullptr;
}

int main(int argc, char** argv) {
    if (argc > 1) {
        show(argv[1]);
        return 5;
    }
    signal(SIGUSR1, handler);
    signal(SIGHUP, SIG_IGN);
    show("parent");
    vfork_and_exec(argv[0]);
    pthread_t thread;
    pthread_create(&thread, nullptr, work, argv[0]);
    pthread_join(thread, nullptr);
    show("parent after threads");

    char* const arguments[] = {argv[0], const_cast<char*>("spawned"), nullptr};
    pid_t pid = 0;
    const int plain = posix_spawn(&pid, argv[0], nullptr, nullptr, arguments, environ);
    wait_for("spawned", pid);
    say("posix_spawn %d", plain);
    // With everything blocked the child inherits that.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    posix_spawn(&pid, argv[0], nullptr, nullptr, arguments, environ);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    wait_for("spawned with everything blocked", pid);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t set;
    sigfillset(&set);
    posix_spawnattr_setsigdefault(&attributes, &set);
    sigdelset(&set, SIGTERM);
    posix_spawnattr_setsigmask(&attributes, &set);
    const int spawned = posix_spawn(&pid, argv[0], nullptr, &attributes, arguments, environ);
    wait_for("spawned with attributes", pid);
    say("posix_spawn with attributes %d", spawned);
    say("system %d", system("exit 3"));
    FILE* pipe = popen("echo from popen", "r");
    char line[64] = {};
    if (fgets(line, sizeof line, pipe) != nullptr) line[strcspn(line, "\n")] = 0;
    say("popen: %s, %d", line, pclose(pipe));
    show("parent at the end");
}
