// Seccomp filters that let through what libc needs for the case at hand, and punish the rest with
// death: nobody may add a system call of his own afterwards.
#include "say.hpp"

#include "../../support/filter_code.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

namespace {

std::vector<int> allowed{SYS_write, SYS_exit, SYS_exit_group, SYS_rt_sigreturn};

void allow(const std::vector<int>& more) {
    allowed.insert(allowed.end(), more.begin(), more.end());
}

void allow_threads() {
    allow({SYS_mmap, SYS_munmap, SYS_mprotect, SYS_madvise, SYS_brk, SYS_rt_sigaction,
           SYS_rt_sigprocmask, SYS_clone, SYS_clone3, SYS_set_robust_list, SYS_rseq, SYS_futex});
}

void confine(unsigned flags = 0) {
    std::vector<sock_filter> code =
        threadfault::test::filter_code(allowed, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS);
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) != 0) _exit(98);
}

void confine_all() {
    confine(SECCOMP_FILTER_FLAG_TSYNC);
}

void have_a_thread(void* (*routine)(void*)) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, routine, nullptr) != 0) _exit(97);
    pthread_join(thread, nullptr);
}

void* return_at_once(void*) {
    return nullptr;
}

void* leave_confined(void*) {
    allow_threads();
    confine();
    have_a_thread(return_at_once);
    pthread_exit(nullptr);
}

// Each as the last that its process does.
void end_after_threads() {
    have_a_thread(return_at_once);
    confine();
}

void end_after_threads_all() {
    have_a_thread(return_at_once);
    confine_all();
}

void make_threads() {
    allow_threads();
    confine();
    have_a_thread(return_at_once);
    have_a_thread(return_at_once);
}

void make_threads_all() {
    have_a_thread(return_at_once);
    allow_threads();
    confine_all();
    have_a_thread(return_at_once);
}

void fork_and_make_threads() {
    have_a_thread(return_at_once);
    allow_threads();
    allow({SYS_wait4});
    confine();
    const pid_t child = fork();
    have_a_thread(return_at_once);
    if (child == 0) exit(23);
    int status = -1;
    waitpid(child, &status, 0);
    say("forked: status %#x", status);
}

void confine_twice() {
    allow({SYS_seccomp});
    confine();
    confine();
}

void leave_a_confined_worker() {
    have_a_thread(leave_confined);
    have_a_thread(return_at_once);
}

void fail_to_execute() {
    allow({SYS_execve});
    confine();
    execl("/nonexistent/program", "program", static_cast<char*>(nullptr));
}

void shut_all_signals_out() {
    allow({SYS_rt_sigaction});
    confine();
    struct sigaction action {};
    action.sa_handler = [](int) {};
    sigfillset(&action.sa_mask);
    sigaction(SIGUSR1, &action, nullptr);
}

void leave_by_raw_exit() {
    have_a_thread(return_at_once);
    confine();
    syscall(SYS_exit, 24);
}

#define CASE(function) \
    { #function, function }
constexpr struct {
    const char* name;
    void (*run)();
} kCases[] = {
    CASE(end_after_threads),       CASE(end_after_threads_all), CASE(make_threads),
    CASE(make_threads_all),        CASE(fork_and_make_threads), CASE(confine_twice),
    CASE(leave_a_confined_worker), CASE(fail_to_execute),       CASE(shut_all_signals_out),
    CASE(leave_by_raw_exit),
};

void try_all(const char* where) {
    for (const auto& one : kCases) {
        const pid_t child = fork();
        if (child == 0) {
            one.run();
            exit(22);
        }
        int status = -1;
        waitpid(child, &status, 0);
        say("%s, %s: status %#x", where, one.name, status);
    }
}

}  // namespace

int main() {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    try_all("without threads");
    have_a_thread(return_at_once);
    try_all("after a thread");
}
