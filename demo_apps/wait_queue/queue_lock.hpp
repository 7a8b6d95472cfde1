// The lock of a queue head.
#ifndef THREADFAULT_DEMO_WAIT_QUEUE_QUEUE_LOCK_HPP
#define THREADFAULT_DEMO_WAIT_QUEUE_QUEUE_LOCK_HPP

#include <pthread.h>

namespace wait_queue {

enum class Mode { fragile, robust };

class QueueLock {
public:
    // Robust: when an owner dies, the next one is told.
    explicit QueueLock(Mode mode);
    ~QueueLock();
    QueueLock(const QueueLock&) = delete;
    QueueLock& operator=(const QueueLock&) = delete;

    // True when the last owner died inside: what the lock guards may be half done.
    bool lock();
    // For a look that must not wait: false when the lock is taken.
    bool try_lock();
    void unlock();

private:
    pthread_mutex_t mutex_{};
};

}  // namespace wait_queue

#endif  // THREADFAULT_DEMO_WAIT_QUEUE_QUEUE_LOCK_HPP
