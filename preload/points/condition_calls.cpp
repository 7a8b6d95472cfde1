// Condition variables. A wait that wakes up spuriously, or times out before its time, must have
// let go of the mutex and have it again, must be a cancellation point, and must find the mutex as a
// real wait finds it (a robust one may have lost its owner). So it is a real wait, to a deadline
// that is long past.
#include "preload/points/forward.hpp"

namespace real = threadfault::shim::real;
using threadfault::inject::Action;
using threadfault::inject::Call;
using threadfault::inject::Convention;
using threadfault::shim::Effect;

namespace {

constexpr timespec kLongPast{0, 0};

bool is_early(const Effect& effect, int timed_out) noexcept {
    return effect.action == Action::spurious ||
           (effect.action == Action::error && effect.error == timed_out);
}

struct WakePosix {
    template <typename Real, typename... Rest>
    int operator()(const Effect& effect, Real& /*real*/, pthread_cond_t* condition,
                   pthread_mutex_t* mutex, Rest... /*rest*/) const {
        if (!is_early(effect, ETIMEDOUT)) {
            return threadfault::shim::fail<Convention::number, int>(effect);
        }
        // On whichever clock: both are beyond their beginning.
        const int result = real::pthread_cond_timedwait(condition, mutex, &kLongPast);
        // Woken in earnest in that very moment, or something is wrong with the mutex: that counts.
        if (result != ETIMEDOUT) return result;
        return effect.action == Action::spurious ? 0 : ETIMEDOUT;
    }
};

struct WakeC11 {
    template <typename Real, typename... Rest>
    int operator()(const Effect& effect, Real& /*real*/, cnd_t* condition, mtx_t* mutex,
                   Rest... /*rest*/) const {
        if (!is_early(effect, thrd_timedout)) {
            return threadfault::shim::fail<Convention::c11, int>(effect);
        }
        const int result = real::cnd_timedwait(condition, mutex, &kLongPast);
        if (result != thrd_timedout) return result;
        return effect.action == Action::spurious ? thrd_success : thrd_timedout;
    }
};

}  // namespace

THREADFAULT_EXPORT int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
    return threadfault::shim::point_instead<Call::pthread_cond_wait, real::pthread_cond_wait,
                                            WakePosix{}>(condition, mutex);
}

THREADFAULT_EXPORT int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                              const timespec* deadline) {
    return threadfault::shim::point_instead<Call::pthread_cond_timedwait,
                                            real::pthread_cond_timedwait, WakePosix{}>(
        condition, mutex, deadline);
}

THREADFAULT_EXPORT int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                              clockid_t clock, const timespec* deadline) {
    return threadfault::shim::point_instead<Call::pthread_cond_clockwait,
                                            real::pthread_cond_clockwait, WakePosix{}>(
        condition, mutex, clock, deadline);
}

THREADFAULT_EXPORT int cnd_wait(cnd_t* condition, mtx_t* mutex) {
    return threadfault::shim::point_instead<Call::cnd_wait, real::cnd_wait, WakeC11{}>(condition,
                                                                                       mutex);
}

THREADFAULT_EXPORT int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* deadline) {
    return threadfault::shim::point_instead<Call::cnd_timedwait, real::cnd_timedwait, WakeC11{}>(
        condition, mutex, deadline);
}

// clang-format off
THREADFAULT_FORWARD_NOTHROW(pthread_cond_init, int, pthread_cond_init, (pthread_cond_t* condition, const pthread_condattr_t* attributes), (condition, attributes))
THREADFAULT_FORWARD_NOTHROW(pthread_cond_signal, int, pthread_cond_signal, (pthread_cond_t* condition), (condition))
THREADFAULT_FORWARD_NOTHROW(pthread_cond_broadcast, int, pthread_cond_broadcast, (pthread_cond_t* condition), (condition))
THREADFAULT_FORWARD(cnd_init, int, cnd_init, (cnd_t* condition), (condition))
THREADFAULT_FORWARD(cnd_signal, int, cnd_signal, (cnd_t* condition), (condition))
THREADFAULT_FORWARD(cnd_broadcast, int, cnd_broadcast, (cnd_t* condition), (condition))
// clang-format on
