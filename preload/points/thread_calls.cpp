// <pthread.h>: joining, mutexes, read-write locks, barriers.
#include "preload/points/forward.hpp"

// clang-format off
THREADFAULT_FORWARD(pthread_join, int, pthread_join, (pthread_t thread, void** result), (thread, result))
THREADFAULT_FORWARD_NOTHROW(pthread_tryjoin_np, int, pthread_tryjoin_np, (pthread_t thread, void** result), (thread, result))
THREADFAULT_FORWARD(pthread_timedjoin_np, int, pthread_timedjoin_np, (pthread_t thread, void** result, const timespec* deadline), (thread, result, deadline))
THREADFAULT_FORWARD_NOTHROW(pthread_detach, int, pthread_detach, (pthread_t thread), (thread))
THREADFAULT_FORWARD(pthread_testcancel, void, pthread_testcancel, (), ())

THREADFAULT_FORWARD_NOTHROW(pthread_mutex_init, int, pthread_mutex_init, (pthread_mutex_t* mutex, const pthread_mutexattr_t* attributes), (mutex, attributes))
THREADFAULT_FORWARD_NOTHROW(pthread_mutex_lock, int, pthread_mutex_lock, (pthread_mutex_t* mutex), (mutex))
THREADFAULT_FORWARD_NOTHROW(pthread_mutex_trylock, int, pthread_mutex_trylock, (pthread_mutex_t* mutex), (mutex))
THREADFAULT_FORWARD_NOTHROW(pthread_mutex_timedlock, int, pthread_mutex_timedlock, (pthread_mutex_t* mutex, const timespec* deadline), (mutex, deadline))
THREADFAULT_FORWARD_NOTHROW(pthread_mutex_clocklock, int, pthread_mutex_clocklock, (pthread_mutex_t* mutex, clockid_t clock, const timespec* deadline), (mutex, clock, deadline))
THREADFAULT_FORWARD_NOTHROW(pthread_mutex_unlock, int, pthread_mutex_unlock, (pthread_mutex_t* mutex), (mutex))

THREADFAULT_FORWARD_NOTHROW(pthread_rwlock_init, int, pthread_rwlock_init, (pthread_rwlock_t* lock, const pthread_rwlockattr_t* attributes), (lock, attributes))
THREADFAULT_FORWARD_NOTHROW(pthread_rwlock_rdlock, int, pthread_rwlock_rdlock, (pthread_rwlock_t* lock), (lock))
THREADFAULT_FORWARD_NOTHROW(pthread_rwlock_tryrdlock, int, pthread_rwlock_tryrdlock, (pthread_rwlock_t* lock), (lock))
THREADFAULT_FORWARD_NOTHROW(pthread_rwlock_timedrdlock, int, pthread_rwlock_timedrdlock, (pthread_rwlock_t* lock, const timespec* deadline), (lock, deadline))
THREADFAULT_FORWARD_NOTHROW(pthread_rwlock_wrlock, int, pthread_rwlock_wrlock, (pthread_rwlock_t* lock), (lock))
THREADFAULT_FORWARD_NOTHROW(pthread_rwlock_trywrlock, int, pthread_rwlock_trywrlock, (pthread_rwlock_t* lock), (lock))
THREADFAULT_FORWARD_NOTHROW(pthread_rwlock_timedwrlock, int, pthread_rwlock_timedwrlock, (pthread_rwlock_t* lock, const timespec* deadline), (lock, deadline))
THREADFAULT_FORWARD_NOTHROW(pthread_rwlock_unlock, int, pthread_rwlock_unlock, (pthread_rwlock_t* lock), (lock))

THREADFAULT_FORWARD_NOTHROW(pthread_barrier_init, int, pthread_barrier_init, (pthread_barrier_t* barrier, const pthread_barrierattr_t* attributes, unsigned count), (barrier, attributes, count))
THREADFAULT_FORWARD_NOTHROW(pthread_barrier_wait, int, pthread_barrier_wait, (pthread_barrier_t* barrier), (barrier))

THREADFAULT_FORWARD_NOTHROW(pthread_spin_lock, int, pthread_spin_lock, (pthread_spinlock_t* lock), (lock))
THREADFAULT_FORWARD_NOTHROW(pthread_spin_trylock, int, pthread_spin_trylock, (pthread_spinlock_t* lock), (lock))
THREADFAULT_FORWARD_NOTHROW(pthread_spin_unlock, int, pthread_spin_unlock, (pthread_spinlock_t* lock), (lock))

THREADFAULT_FORWARD_NOTHROW(pthread_key_create, int, pthread_key_create, (pthread_key_t* key, void (*destructor)(void*)), (key, destructor))
// clang-format on
