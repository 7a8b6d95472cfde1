// Threads that leave by a raw system call, which tells nobody: the process ends when all of them
// have ended, whoever was the last.
#include "say.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <initializer_list>

static bool worker_raw = false;

static void* work(void* argument) {
    const timespec moment{0, 30'000'000};  // long enough for main to have left
    nanosleep(&moment, nullptr);
    if (worker_raw) syscall(SYS_exit, 0);
    return argument;
}

[[noreturn]] static void live(bool main_raw) {
    pthread_t thread;
    for (int i = 0; i < 3; ++i)
        pthread_create(&thread, nullptr, work, nullptr);
    if (main_raw) syscall(SYS_exit, 0);
    pthread_exit(nullptr);
}

int main() {
    for (const bool main_raw : {false, true}) {
        for (const bool worker : {false, true}) {
            worker_raw = worker;
            const pid_t child = fork();
            if (child == 0) live(main_raw);
            int status = -1;
            waitpid(child, &status, 0);
            say("main raw %d, workers raw %d: status %d", main_raw, worker_raw, status);
        }
    }
}
