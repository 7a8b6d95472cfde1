// How a process with threads ends, and with which status.
#include "say.hpp"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

static std::atomic<bool> go{false};

static void* wait_for_go(void*) {
    while (!go)
        sched_yield();
    return nullptr;
}
static void* sleeper(void*) {
    for (;;)
        pause();
}
static void start(void* (*routine)(void*), bool detached = false) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, routine, nullptr) != 0) _exit(90);
    if (detached) pthread_detach(thread);
}
static void say_at_exit() {
    say("atexit handler");
}

static void leave(int how) {
    atexit(say_at_exit);
    switch (how) {
        case 0:  // exit from a thread
            start([](void*) -> void* { exit(11); });
            sleeper(nullptr);
            break;
        case 1:  // main leaves by pthread_exit, the last worker returns later: exit(0)
            start(wait_for_go);
            start([](void*) -> void* {
                go = true;
                return nullptr;
            });
            pthread_exit(nullptr);
        case 2:
            start(sleeper);
            abort();
        case 3:
            start(sleeper);
            raise(SIGTERM);
            break;
        case 4:
            start(sleeper);
            return;  // from main, with a thread still there
        case 5:
            start(sleeper);
            _exit(12);
        case 6:
            start(sleeper);
            quick_exit(13);
        case 7:  // all workers have ended when main leaves by pthread_exit
        {
            pthread_t thread;
            pthread_create(&thread, nullptr, wait_for_go, nullptr);
            go = true;
            pthread_join(thread, nullptr);
            pthread_exit(nullptr);
        }
        case 8:  // detached workers end after main
            start(wait_for_go, true);
            start(wait_for_go, true);
            go = true;
            pthread_exit(nullptr);
        case 9:  // main is cancelled
        {
            static pthread_t main_thread;
            main_thread = pthread_self();
            start([](void*) -> void* {
                pthread_cancel(main_thread);
                pthread_join(main_thread, nullptr);
                say("main was joined");
                return nullptr;
            });
            sleeper(nullptr);
            break;
        }
        case 10:  // a worker ends by the raw system call, then main by exit
            start([](void*) -> void* { return reinterpret_cast<void*>(syscall(SYS_exit, 0)); });
            exit(14);
        case 11:  // a null pointer in a thread
            start([](void*) -> void* {
                *static_cast<volatile int*>(nullptr) = 1;
                return nullptr;
            });
            sleeper(nullptr);
            break;
        case 12:  // a thread-local destructor of the last worker starts another thread
        {
            static pthread_key_t key;
            pthread_key_create(&key, [](void*) {
                start(
                    [](void*) -> void* {
                        say("thread of a destructor");
                        return nullptr;
                    },
                    true);
            });
            start(
                [](void*) -> void* {
                    pthread_setspecific(key, &key);
                    return nullptr;
                },
                true);
            pthread_exit(nullptr);
        }
        default:
            break;
    }
}

int main() {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    for (int how = 0; how <= 12; ++how) {
        const pid_t pid = fork();
        if (pid == 0) {
            leave(how);
            exit(0);
        }
        int status = 0;
        waitpid(pid, &status, 0);
        say("how %d: exited %d code %d signal %d", how, WIFEXITED(status), WEXITSTATUS(status),
            WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
}
