// The error codes of pthread_create, and that a failed create leaves the program as it was.
#include "say.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void* nothing(void* argument) {
    return argument;
}

static void child(const char* label, void (*body)()) {
    const pid_t pid = fork();
    if (pid == 0) {
        body();
        _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    say("%s: status %d", label, status);
}

static void out_of_address_space() {
    const rlimit limit{1 << 20, 1 << 20};  // less than is mapped already: no stack can be had
    setrlimit(RLIMIT_AS, &limit);
    pthread_t thread;
    say("RLIMIT_AS: %d", pthread_create(&thread, nullptr, nothing, nullptr));
    say("again: %d", pthread_create(&thread, nullptr, nothing, nullptr));
}

static void after_threads_out_of_address_space() {
    pthread_t thread;
    pthread_create(&thread, nullptr, nothing, nullptr);
    pthread_join(thread, nullptr);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, size_t{64} << 20);
    const rlimit limit{1 << 20, 1 << 20};
    setrlimit(RLIMIT_AS, &limit);
    say("after threads, RLIMIT_AS: %d", pthread_create(&thread, &attributes, nothing, nullptr));
}

static void out_of_processes() {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(3);
    const rlimit limit{1, 1};  // the process itself is one already
    setrlimit(RLIMIT_NPROC, &limit);
    pthread_t thread;
    say("RLIMIT_NPROC: %d", pthread_create(&thread, nullptr, nothing, nullptr));
}

static void forbidden_scheduling() {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(3);
    const rlimit none{0, 0};
    setrlimit(RLIMIT_RTPRIO, &none);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
    const sched_param parameter{10};
    pthread_attr_setschedparam(&attributes, &parameter);
    pthread_t thread;
    say("SCHED_FIFO without the right: %d", pthread_create(&thread, &attributes, nothing, nullptr));
    say("default after it: %d", pthread_create(&thread, nullptr, nothing, nullptr));
    say("join: %d", pthread_join(thread, nullptr));
}

int main() {
    child("address space", out_of_address_space);
    child("address space, later", after_threads_out_of_address_space);
    child("processes", out_of_processes);
    child("scheduling", forbidden_scheduling);
}
