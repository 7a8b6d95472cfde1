// A thread forks; the child makes threads of its own; atfork handlers run in their order.
#include "say.hpp"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static void* grandchild_thread(void* argument) {
    say("thread in the child: main thread of its own process %d", getpid() != gettid());
    return argument;
}

static void* forker(void*) {
    const pid_t pid = fork();
    if (pid == 0) {
        say("child: single thread leads %d", getpid() == gettid());
        pthread_t thread;
        for (int i = 0; i < 3; ++i) {
            say("create %d", pthread_create(&thread, nullptr, grandchild_thread, nullptr));
            say("join %d", pthread_join(thread, nullptr));
        }
        const pid_t second = fork();
        if (second == 0) {
            say("grandchild create %d",
                pthread_create(&thread, nullptr, grandchild_thread, nullptr));
            say("grandchild join %d", pthread_join(thread, nullptr));
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

int main() {
    pthread_atfork([] { say("prepare 1"); }, [] { say("parent 1"); }, [] { say("child 1"); });
    pthread_atfork([] { say("prepare 2"); }, [] { say("parent 2"); }, [] { say("child 2"); });
    pthread_t thread;
    pthread_create(&thread, nullptr, forker, nullptr);
    pthread_join(thread, nullptr);
    const pid_t pid = _Fork();
    if (pid == 0) {
        say("_Fork child: create %d", pthread_create(&thread, nullptr, grandchild_thread, nullptr));
        say("_Fork child: join %d", pthread_join(thread, nullptr));
        _exit(6);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    say("_Fork child status %d", WEXITSTATUS(status));
}
