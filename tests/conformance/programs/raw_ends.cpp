// Threads that leave by a raw system call, which tells nobody: the process ends when all of them
// have ended, whoever was the last, and with the status of that one.
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

// The others have ended in the ordinary way when the last one leaves.
[[noreturn]] static void leave_last(bool main_is_last) {
    pthread_t thread;
    pthread_create(
        &thread, nullptr, [](void* argument) { return argument; }, nullptr);
    pthread_join(thread, nullptr);
    if (main_is_last) syscall(SYS_exit, 5);
    const auto leave = [](void*) -> void* {
        const timespec moment{0, 30'000'000};
        nanosleep(&moment, nullptr);
        return reinterpret_cast<void*>(syscall(SYS_exit, 6));
    };
    pthread_create(&thread, nullptr, leave, nullptr);
    pthread_exit(nullptr);
}

int main() {
    for (const bool main_is_last : {true, false}) {
        const pid_t child = fork();
        if (child == 0) leave_last(main_is_last);
        int status = -1;
        waitpid(child, &status, 0);
        say("main last %d: status %#x", main_is_last, status);
    }
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
