// joiner MODE: a thread "worker" sleeps; when it ends, so does the process, in its own way:
//   zero, three  main has joined it, and returns that
//   exit         its clean-up code calls exit(0)
//   other, other-zero  a thread that is not main has joined it, and ends the process with 3, or 0
//   raw          it was the last thread: main has left by the raw system call
//   last         it was the last thread: main has left by pthread_exit
//   abort        main has joined it, and aborts
//   own          it can't be cancelled, and returns when there is a line to read; main stays
#include "say.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace {

const char* mode = "";

void* work(void*) {
    pthread_setname_np(pthread_self(), "worker");
    const auto end_with_it = +[](void*) {
        if (std::strcmp(mode, "exit") == 0) std::exit(0);
    };
    pthread_cleanup_push(end_with_it, nullptr);
    const bool own = std::strcmp(mode, "own") == 0;
    if (own) pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
    target::say("ready");
    if (own) {
        char byte = 0;
        while (read(0, &byte, 1) < 0) {
        }
    }
    while (!own)
        pause();
    pthread_cleanup_pop(0);
    return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2) mode = argv[1];
    pthread_t worker;
    if (pthread_create(&worker, nullptr, work, nullptr) != 0) return 1;
    if (std::strcmp(mode, "last") == 0) pthread_exit(nullptr);
    if (std::strcmp(mode, "raw") == 0) syscall(SYS_exit, 0);
    if (std::strncmp(mode, "other", 5) == 0) {
        pthread_t other;
        const auto join = +[](void* thread) -> void* {
            pthread_join(*static_cast<pthread_t*>(thread), nullptr);
            _exit(std::strcmp(mode, "other") == 0 ? 3 : 0);
        };
        if (pthread_create(&other, nullptr, join, &worker) != 0) return 1;
        while (true)
            pause();
    }
    pthread_join(worker, nullptr);
    if (std::strcmp(mode, "abort") == 0) std::abort();
    while (std::strcmp(mode, "own") == 0)
        pause();
    return std::strcmp(mode, "three") == 0 ? 3 : 0;
}
