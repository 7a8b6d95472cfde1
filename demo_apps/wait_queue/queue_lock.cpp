#include "queue_lock.hpp"

#include <cerrno>

namespace wait_queue {

QueueLock::QueueLock(Mode mode) {
    pthread_mutexattr_t attributes{};
    pthread_mutexattr_init(&attributes);
    if (mode == Mode::robust) pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex_, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

QueueLock::~QueueLock() {
    pthread_mutex_destroy(&mutex_);
}

bool QueueLock::lock() {
    if (pthread_mutex_lock(&mutex_) != EOWNERDEAD) return false;
    pthread_mutex_consistent(&mutex_);
    return true;
}

bool QueueLock::try_lock() {
    const int error = pthread_mutex_trylock(&mutex_);
    if (error == EOWNERDEAD) pthread_mutex_consistent(&mutex_);
    return error == 0 || error == EOWNERDEAD;
}

void QueueLock::unlock() {
    pthread_mutex_unlock(&mutex_);
}

}  // namespace wait_queue
