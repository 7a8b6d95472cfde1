// A thread forks; the child makes threads of its own; atfork handlers run in their order.
#include "say.hpp"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static void* grandchild_thread(void* argument) {
    say("thread in the child: main thread of its own process %d", getpid() != gettid());
    return argument;
}

// Said when the thread has ended: it speaks too.
static void make_and_join() {
    pthread_t thread;
    const int created = pthread_create(&thread, nullptr, grandchild_thread, nullptr);
    const int joined = pthread_join(thread, nullptr);
    say("create %d, join %d", created, joined);
}

static void* forker(void*) {
    const pid_t pid = fork();
    if (pid == 0) {
        say("child: single thread leads %d", getpid() == gettid());
        for (int i = 0; i < 3; ++i) {
            make_and_join();
        }
        const pid_t second = fork();
        if (second == 0) {
            make_and_join();
            _exit(5);
        }
        int status = 0;
        waitpid(second, &status, 0);
        say("grandchild status %d", WEXITSTATUS(status));
        _exit(4);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    say("child status %d", WEXITSTATUS(status));
    return nullptr;
}

// Not said at once: the child speaks at the same time.
static int in_parent = 0;

int main() {
    pthread_atfork([] { say("prepare 1"); }, [] { in_parent = in_parent * 10 + 1; },
                   [] { say("child 1"); });
    pthread_atfork([] { say("prepare 2"); }, [] { in_parent = in_parent * 10 + 2; },
                   [] { say("child 2"); });
    pthread_t thread;
    pthread_create(&thread, nullptr, forker, nullptr);
    pthread_join(thread, nullptr);
    say("handlers in the parent, in order: %d", in_parent);
    const pid_t pid = _Fork();
    if (pid == 0) {
        make_and_join();
        _exit(6);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    say("_Fork child status %d", WEXITSTATUS(status));
}
