// The calls behind the points library's interposers. See base/real.hpp.
#ifndef THREADFAULT_PRELOAD_REAL_CALLS_HPP
#define THREADFAULT_PRELOAD_REAL_CALLS_HPP

#include "preload/base/real.hpp"

#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

// What _FORTIFY_SOURCE turns calls into; glibc's headers declare them under it alone.
extern "C" {
ssize_t __read_chk(int, void*, size_t, size_t);
ssize_t __pread_chk(int, void*, size_t, off_t, size_t);
ssize_t __pread64_chk(int, void*, size_t, off64_t, size_t);
ssize_t __recv_chk(int, void*, size_t, size_t, int);
ssize_t __recvfrom_chk(int, void*, size_t, size_t, int, sockaddr*, socklen_t*);
int __poll_chk(pollfd*, nfds_t, int, size_t);
int __open_2(const char*, int);
int __open64_2(const char*, int);
int __openat_2(int, const char*, int);
int __openat64_2(int, const char*, int);
}

// pthread_create, thrd_create, pthread_join and the calls that take a signal mask are the basic
// shim's already.
// The formatter would make stairs of the list.
// clang-format off
#define THREADFAULT_POINTS(X) \
    X(pthread_tryjoin_np) X(pthread_timedjoin_np) X(pthread_detach) X(pthread_testcancel) \
    X(pthread_mutex_init) X(pthread_mutex_lock) X(pthread_mutex_trylock) \
    X(pthread_mutex_timedlock) X(pthread_mutex_clocklock) X(pthread_mutex_unlock) \
    X(pthread_rwlock_init) X(pthread_rwlock_rdlock) X(pthread_rwlock_tryrdlock) \
    X(pthread_rwlock_timedrdlock) X(pthread_rwlock_wrlock) X(pthread_rwlock_trywrlock) \
    X(pthread_rwlock_timedwrlock) X(pthread_rwlock_unlock) X(pthread_cond_init) \
    X(pthread_cond_wait) X(pthread_cond_timedwait) X(pthread_cond_clockwait) \
    X(pthread_cond_signal) X(pthread_cond_broadcast) X(pthread_barrier_init) \
    X(pthread_barrier_wait) X(pthread_spin_lock) X(pthread_spin_trylock) \
    X(pthread_spin_unlock) X(pthread_key_create) X(thrd_join) X(thrd_sleep) X(mtx_init) \
    X(mtx_lock) X(mtx_trylock) X(mtx_timedlock) X(mtx_unlock) X(cnd_init) X(cnd_wait) \
    X(cnd_timedwait) X(cnd_signal) X(cnd_broadcast) X(sem_init) X(sem_wait) X(sem_trywait) \
    X(sem_timedwait) X(sem_clockwait) X(sem_post) X(read) X(__read_chk) X(readv) X(pread) \
    X(pread64) X(__pread_chk) X(__pread64_chk) X(write) X(writev) X(pwrite) X(pwrite64) \
    X(recv) X(__recv_chk) X(recvfrom) X(__recvfrom_chk) X(recvmsg) X(send) X(sendto) \
    X(sendmsg) X(accept) X(accept4) X(connect) X(open) X(open64) X(__open_2) X(__open64_2) \
    X(openat) X(openat64) X(__openat_2) X(__openat64_2) X(creat) X(creat64) X(close) X(fsync) \
    X(fdatasync) X(msync) X(poll) X(__poll_chk) X(select) X(epoll_wait) X(nanosleep) \
    X(clock_nanosleep) X(usleep) X(sleep) X(pause) X(wait) X(waitpid) X(waitid) X(mq_send) \
    X(mq_timedsend) X(mq_receive) X(mq_timedreceive) X(msgsnd) X(msgrcv) X(tcdrain) X(lockf) \
    X(lockf64)
// clang-format on

namespace threadfault::shim::real {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
// clang-format off
#define THREADFAULT_REAL(function) \
    inline constinit Lazy<decltype(&::function)> function{#function}
// clang-format on
#define THREADFAULT_DEFINE(function) THREADFAULT_REAL(function);
THREADFAULT_POINTS(THREADFAULT_DEFINE)
#undef THREADFAULT_DEFINE
#undef THREADFAULT_REAL
#pragma GCC diagnostic pop

}  // namespace threadfault::shim::real

#endif  // THREADFAULT_PRELOAD_REAL_CALLS_HPP
