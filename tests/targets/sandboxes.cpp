// sandboxes MODE [LIMIT]: three threads, and a seccomp filter or a limit of open files. Says
// "ready", and ends with 0 when its input ends.
// MODE: trap (before the first thread), strict (the same, kills), browser (the same: no files, and
// only usual calls of prctl), narrow (the same, kills what opens a file or asks for its own state,
// so that any look is the end), narrow-prctl (the same, put on by prctl), strict-late and
// narrow-late (on all threads, kill), strict-thread (each worker on itself, kills), no-accept,
// no-ppoll, refuse (on all threads, errors), files (RLIMIT_NOFILE is LIMIT from now on).
#include "say.hpp"

#include "arch/context.hpp"

#include "../support/filter_code.hpp"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace {

// What threads need to be made, to wait and to end: no file, and nothing of prctl or seccomp.
const std::vector<int> kNarrow{SYS_read,
                               SYS_write,
                               SYS_nanosleep,
                               SYS_clock_nanosleep,
                               SYS_futex,
                               SYS_exit,
                               SYS_exit_group,
                               SYS_rt_sigreturn,
                               SYS_mmap,
                               SYS_munmap,
                               SYS_mprotect,
                               SYS_madvise,
                               SYS_brk,
                               SYS_rt_sigaction,
                               SYS_rt_sigprocmask,
                               SYS_clone3,
                               SYS_set_robust_list,
                               SYS_rseq};

std::vector<int> with(std::vector<int> calls, std::initializer_list<int> more) {
    calls.insert(calls.end(), more);
    return calls;
}

const std::vector<int> kUsual = with(
    kNarrow, {SYS_prctl, SYS_clone, SYS_restart_syscall, SYS_getpid, SYS_gettid, SYS_newfstatat,
              SYS_fstat, SYS_getrandom, SYS_openat, SYS_close, SYS_sched_yield, SYS_seccomp});

bool by_prctl = false;

void filter(unsigned flags, const std::vector<int>& calls, unsigned for_those,
            unsigned for_others) {
    std::vector<sock_filter> code = threadfault::test::filter_code(calls, for_those, for_others);
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const long result = by_prctl ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)
                                 : syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (result != 0) _exit(98);
}

constexpr unsigned kRefuse = SECCOMP_RET_ERRNO | EPERM;

// As in Chromium's: files are refused, and a prctl that nobody is expected to make is the end.
void filter_as_browser() {
    const std::vector<sock_filter> code{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, kRefuse),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_NAME, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
    const sock_fprog program{static_cast<unsigned short>(code.size()),
                             const_cast<sock_filter*>(code.data())};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) _exit(98);
}

std::string_view mode;
std::atomic<int> begun{0};
std::atomic<bool> stop{false};

void pause_briefly() {
    const timespec moment{0, 5'000'000};
    nanosleep(&moment, nullptr);
}

void* work(void*) {
    if (!mode.starts_with("narrow")) prctl(PR_SET_NAME, "worker");
    if (mode == "strict-thread") {
        filter(0, kUsual, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS);
    }
    ++begun;
    while (!stop)
        pause_briefly();
    return nullptr;
}

void refuse_call(int, siginfo_t*, void* context) {
    threadfault::arch::set_result(*static_cast<ucontext_t*>(context), -EPERM);
}

void confine_early() {
    if (mode == "strict") filter(0, kUsual, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS);
    by_prctl = mode == "narrow-prctl";
    if (mode == "narrow" || by_prctl) {
        filter(0, kNarrow, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS);
    }
    if (mode == "browser") filter_as_browser();
    if (mode == "trap") {
        struct sigaction action {};
        action.sa_sigaction = refuse_call;
        action.sa_flags = SA_SIGINFO | SA_NODEFER;
        sigaction(SIGSYS, &action, nullptr);
        filter(0, {SYS_close_range, SYS_bind}, SECCOMP_RET_TRAP, SECCOMP_RET_ALLOW);
    }
}

void confine_late(const char* limit) {
    constexpr unsigned kAll = SECCOMP_FILTER_FLAG_TSYNC;
    if (mode == "strict-late") filter(kAll, kUsual, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS);
    if (mode == "narrow-late") filter(kAll, kNarrow, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS);
    if (mode == "refuse") filter(kAll, kUsual, SECCOMP_RET_ALLOW, kRefuse);
    if (mode == "no-accept") filter(kAll, {SYS_accept, SYS_accept4}, kRefuse, SECCOMP_RET_ALLOW);
    if (mode == "no-ppoll") filter(kAll, {SYS_ppoll}, kRefuse, SECCOMP_RET_ALLOW);
    if (mode == "files") {
        const auto number = static_cast<rlim_t>(std::atoi(limit));
        const rlimit files{number, number};
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    mode = argv[1];
    confine_early();
    pthread_t threads[3];
    for (pthread_t& thread : threads)
        if (pthread_create(&thread, nullptr, work, nullptr) != 0) return 3;
    while (begun != 3)
        pause_briefly();
    target::say("begun");
    char byte = 0;
    if (read(STDIN_FILENO, &byte, 1) != 1) return 4;
    confine_late(argc > 2 ? argv[2] : "0");
    target::say("ready");
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    stop = true;
    for (const pthread_t thread : threads)
        pthread_join(thread, nullptr);
    target::say("done");
}
