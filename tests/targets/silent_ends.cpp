// silent_ends: threads that end and tell nobody, each with a lock in hand that another one, "heir",
// waits for. A line of input makes one:
//   none     an ordinary thread that returns at once
//   raw      "raw" makes the exit system call itself
//   seccomp  "seccomp" is ended by the kernel, for a system call that its own filter forbids
#include "say.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;

void start(void* (*routine)(void*)) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, routine, nullptr) != 0) std::abort();
    pthread_detach(thread);
}

void* return_at_once(void*) {
    return nullptr;
}

void* want(void*) {
    pthread_setname_np(pthread_self(), "heir");
    pthread_mutex_lock(&table);
    return nullptr;
}

void* end_raw(void*) {
    pthread_setname_np(pthread_self(), "raw");
    pthread_mutex_lock(&table);
    start(want);
    syscall(SYS_exit, 0);
    return nullptr;
}

void* end_by_kernel(void*) {
    pthread_setname_np(pthread_self(), "seccomp");
    pthread_mutex_lock(&table);
    start(want);
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{sizeof code / sizeof code[0], code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    syscall(SYS_getppid);
    return nullptr;
}

}  // namespace

int main() {
    start(return_at_once);
    target::say("ready");
    char line[32];
    while (std::fgets(line, sizeof line, stdin) != nullptr) {
        line[std::strcspn(line, "\n")] = '\0';
        if (std::strcmp(line, "none") == 0) start(return_at_once);
        if (std::strcmp(line, "raw") == 0) start(end_raw);
        if (std::strcmp(line, "seccomp") == 0) start(end_by_kernel);
        target::say("%s", line);
    }
    _exit(0);
}
