#include "futex.hpp"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace wait_queue {

// A bare system call is no cancellation point, so asynchronous cancellation is let in around it, as
// glibc does. No object here has a destructor: the unwinder may come from between two instructions.
void futex_wait(FutexWord& word, std::uint32_t value) {
    int before = 0;
    pthread_testcancel();
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &before);
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
    pthread_setcanceltype(before, nullptr);
}

void futex_wake(FutexWord& word) {
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

bool is_alive(pid_t tid) {
    return syscall(SYS_tgkill, getpid(), tid, 0) == 0 || errno != ESRCH;
}

}  // namespace wait_queue
