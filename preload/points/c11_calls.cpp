// <threads.h> but for its condition variables, and <semaphore.h>.
#include "preload/points/forward.hpp"

// clang-format off
THREADFAULT_FORWARD(thrd_join, int, thrd_join, (thrd_t thread, int* result), (thread, result))
THREADFAULT_FORWARD(mtx_init, int, mtx_init, (mtx_t* mutex, int type), (mutex, type))
THREADFAULT_FORWARD(mtx_lock, int, mtx_lock, (mtx_t* mutex), (mutex))
THREADFAULT_FORWARD(mtx_trylock, int, mtx_trylock, (mtx_t* mutex), (mutex))
THREADFAULT_FORWARD(mtx_timedlock, int, mtx_timedlock, (mtx_t* mutex, const timespec* deadline), (mutex, deadline))
THREADFAULT_FORWARD(mtx_unlock, int, mtx_unlock, (mtx_t* mutex), (mutex))

THREADFAULT_FORWARD_NOTHROW(sem_init, int, sem_init, (sem_t* semaphore, int shared, unsigned value), (semaphore, shared, value))
THREADFAULT_FORWARD(sem_wait, int, sem_wait, (sem_t* semaphore), (semaphore))
THREADFAULT_FORWARD_NOTHROW(sem_trywait, int, sem_trywait, (sem_t* semaphore), (semaphore))
THREADFAULT_FORWARD(sem_timedwait, int, sem_timedwait, (sem_t* semaphore, const timespec* deadline), (semaphore, deadline))
THREADFAULT_FORWARD(sem_clockwait, int, sem_clockwait, (sem_t* semaphore, clockid_t clock, const timespec* deadline), (semaphore, clock, deadline))
THREADFAULT_FORWARD_NOTHROW(sem_post, int, sem_post, (sem_t* semaphore), (semaphore))
// clang-format on
