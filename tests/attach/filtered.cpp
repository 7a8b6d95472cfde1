// filtered bare|futex: two threads that sleep, under a seccomp filter that ends the process for
// every other system call than those that it makes itself; with `futex` for futex(2) it does not.
// Answers each line of its input.
#include "../support/filter_code.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <string_view>
#include <vector>

namespace {

std::atomic<int> under_way{0};

void* sleep_for_ever(void*) {
    ++under_way;
    const timespec step{0, 5'000'000};
    for (;;)
        nanosleep(&step, nullptr);
}

bool say(std::string_view text) {
    return write(STDOUT_FILENO, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace

int main(int argc, char** argv) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 1);
    for (int i = 0; i < 2; ++i) {
        pthread_t thread{};
        pthread_create(&thread, nullptr, sleep_for_ever, nullptr);
        pthread_setname_np(thread, i == 0 ? "first" : "second");
    }
    // What a thread calls before its start routine is not on the list.
    while (under_way < 2)
        sched_yield();
    std::vector<int> calls{SYS_read,       SYS_write,           SYS_nanosleep,
                           SYS_exit,       SYS_clock_nanosleep, SYS_restart_syscall,
                           SYS_exit_group, SYS_rt_sigreturn};
    if (argc > 1 && std::string_view(argv[1]) == "futex") calls.push_back(SYS_futex);
    std::vector<sock_filter> code =
        threadfault::test::filter_code(calls, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS);
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
        return 1;
    if (!say("ready\n")) return 1;
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        if (byte == '\n' && !say("here\n")) return 1;
    _exit(0);
}
