#include "calls.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

extern "C" ssize_t __read_chk(int, void*, size_t, size_t);

namespace {

int error_of(long result) {
    return result < 0 ? errno : 0;
}

void* nothing(void* argument) {
    return argument;
}

int nothing_c11(void* /*argument*/) {
    return 0;
}

int call_create() {
    pthread_t thread{};
    const int error = pthread_create(&thread, nullptr, nothing, nullptr);
    if (error == 0) pthread_join(thread, nullptr);
    return error;
}

int call_thrd_create() {
    thrd_t thread{};
    const int error = thrd_create(&thread, nothing_c11, nullptr);
    if (error == thrd_success) thrd_join(thread, nullptr);
    return error;
}

template <auto kLock>
int call_mutex() {
    // Every error that a lock may give, but for ENOTRECOVERABLE and EINVAL, is possible on it.
    pthread_mutex_t mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
    const int error = kLock(&mutex);
    if (error == 0) pthread_mutex_unlock(&mutex);
    return error;
}

int lock_by_deadline(pthread_mutex_t* mutex) {
    const timespec past{0, 0};
    return pthread_mutex_timedlock(mutex, &past);  // it is free: the deadline does not matter
}

template <auto kLock>
int call_rwlock() {
    pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    const int error = kLock(&lock);
    if (error == 0) pthread_rwlock_unlock(&lock);
    return error;
}

int call_cond_timedwait() {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    const timespec past{0, 0};
    pthread_mutex_lock(&mutex);
    const int result = pthread_cond_timedwait(&condition, &mutex, &past);
    pthread_mutex_unlock(&mutex);
    return result == ETIMEDOUT ? 0 : 1;
}

int call_cnd_timedwait() {
    mtx_t mutex;
    cnd_t condition;
    mtx_init(&mutex, mtx_timed);
    cnd_init(&condition);
    const timespec past{0, 0};
    mtx_lock(&mutex);
    const int result = cnd_timedwait(&condition, &mutex, &past);
    mtx_unlock(&mutex);
    cnd_destroy(&condition);
    mtx_destroy(&mutex);
    return result == thrd_timedout ? 0 : 1;
}

int call_mtx_trylock() {
    mtx_t mutex;
    mtx_init(&mutex, mtx_plain);
    const int error = mtx_trylock(&mutex);
    if (error == thrd_success) mtx_unlock(&mutex);
    mtx_destroy(&mutex);
    return error;
}

int call_key_create() {
    pthread_key_t key{};
    const int error = pthread_key_create(&key, nullptr);
    if (error == 0) pthread_key_delete(key);
    return error;
}

int call_sem_wait() {
    sem_t semaphore;
    sem_init(&semaphore, 0, 1);
    return error_of(sem_wait(&semaphore));
}

int call_sem_post() {
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    return error_of(sem_post(&semaphore));
}

int zero() {
    static const int descriptor = ::open("/dev/zero", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    return descriptor;
}

int call_read() {
    char byte = 0;
    return error_of(read(zero(), &byte, 1));
}

int call_read_chk() {
    char byte = 0;
    return error_of(__read_chk(zero(), &byte, 1, 1));
}

int call_write() {
    return error_of(write(zero(), "x", 1));
}

int call_recv() {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return -1;
    char byte = 'x';
    if (send(pair[0], &byte, 1, 0) != 1) return -1;
    const int error = error_of(recv(pair[1], &byte, 1, 0));
    close(pair[0]);
    close(pair[1]);
    return error;
}

int call_poll() {
    pollfd one{zero(), POLLIN, 0};
    return error_of(poll(&one, 1, 0));
}

int call_ppoll() {
    pollfd one{zero(), POLLIN, 0};
    const timespec now{0, 0};
    return error_of(ppoll(&one, 1, &now, nullptr));
}

int call_epoll_wait() {
    static const int descriptor = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    return error_of(epoll_wait(descriptor, &event, 1, 1));
}

int call_nanosleep() {
    const timespec short_time{0, 1};
    return error_of(nanosleep(&short_time, nullptr));
}

int call_open() {
    const int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int error = error_of(descriptor);
    if (descriptor >= 0) close(descriptor);
    return error;
}

int call_close() {
    return error_of(close(dup(zero())));
}

int call_waitpid() {
    const int error = error_of(waitpid(-1, nullptr, 0));
    return error == ECHILD ? 0 : error;  // it has no children
}

constexpr std::pair<std::string_view, MakeCall> kCalls[] = {
    {"pthread_create", call_create},
    {"thrd_create", call_thrd_create},
    {"pthread_mutex_lock", call_mutex<pthread_mutex_lock>},
    {"pthread_mutex_trylock", call_mutex<pthread_mutex_trylock>},
    {"pthread_mutex_timedlock", call_mutex<lock_by_deadline>},
    {"pthread_rwlock_rdlock", call_rwlock<pthread_rwlock_rdlock>},
    {"pthread_rwlock_trywrlock", call_rwlock<pthread_rwlock_trywrlock>},
    {"pthread_cond_timedwait", call_cond_timedwait},
    {"cnd_timedwait", call_cnd_timedwait},
    {"mtx_trylock", call_mtx_trylock},
    {"pthread_key_create", call_key_create},
    {"sem_wait", call_sem_wait},
    {"sem_post", call_sem_post},
    {"read", call_read},
    {"__read_chk", call_read_chk},
    {"write", call_write},
    {"recv", call_recv},
    {"poll", call_poll},
    {"ppoll", call_ppoll},
    {"epoll_wait", call_epoll_wait},
    {"nanosleep", call_nanosleep},
    {"open", call_open},
    {"close", call_close},
    {"waitpid", call_waitpid},
};

}  // namespace

MakeCall find_call(std::string_view name) {
    for (const auto& [known, make] : kCalls) {
        if (known == name) return make;
    }
    return nullptr;
}
