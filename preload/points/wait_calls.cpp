// Waiting for descriptors, for time, for children.
#include "preload/points/forward.hpp"

namespace real = threadfault::shim::real;
using threadfault::inject::Call;
using threadfault::inject::Convention;
using threadfault::shim::Effect;

namespace {

// Interrupted before any time has passed: all of it is left.
void nothing_has_passed(const Effect& effect, const timespec* wanted, timespec* left) noexcept {
    if (effect.error == EINTR && left != nullptr) *left = *wanted;
}

struct StopNanosleep {
    template <typename Real>
    int operator()(const Effect& effect, Real& /*real*/, const timespec* wanted,
                   timespec* left) const {
        nothing_has_passed(effect, wanted, left);
        return threadfault::shim::fail<Convention::error_number, int>(effect);
    }
};

struct StopThrdSleep {
    template <typename Real>
    int operator()(const Effect& effect, Real& /*real*/, const timespec* wanted,
                   timespec* left) const {
        nothing_has_passed(effect, wanted, left);
        return threadfault::shim::fail<Convention::minus_one, int>(effect);
    }
};

struct StopClockNanosleep {
    template <typename Real>
    int operator()(const Effect& effect, Real& /*real*/, clockid_t /*clock*/, int flags,
                   const timespec* wanted, timespec* left) const {
        if ((flags & TIMER_ABSTIME) == 0) nothing_has_passed(effect, wanted, left);
        return threadfault::shim::fail<Convention::number, int>(effect);
    }
};

struct StopSleep {
    template <typename Real>
    unsigned operator()(const Effect& /*effect*/, Real& /*real*/, unsigned seconds) const {
        return seconds;
    }
};

}  // namespace

THREADFAULT_EXPORT int nanosleep(const timespec* wanted, timespec* left) {
    return threadfault::shim::point_instead<Call::nanosleep, real::nanosleep, StopNanosleep{}>(
        wanted, left);
}

THREADFAULT_EXPORT int thrd_sleep(const timespec* wanted, timespec* left) {
    return threadfault::shim::point_instead<Call::thrd_sleep, real::thrd_sleep, StopThrdSleep{}>(
        wanted, left);
}

THREADFAULT_EXPORT int clock_nanosleep(clockid_t clock, int flags, const timespec* wanted,
                                       timespec* left) {
    return threadfault::shim::point_instead<Call::clock_nanosleep, real::clock_nanosleep,
                                            StopClockNanosleep{}>(clock, flags, wanted, left);
}

THREADFAULT_EXPORT unsigned sleep(unsigned seconds) {
    return threadfault::shim::point_instead<Call::sleep, real::sleep, StopSleep{}>(seconds);
}

// clang-format off
THREADFAULT_FORWARD(usleep, int, usleep, (useconds_t time), (time))
THREADFAULT_FORWARD(pause, int, pause, (), ())
THREADFAULT_FORWARD(poll, int, poll, (pollfd* descriptors, nfds_t count, int timeout), (descriptors, count, timeout))
THREADFAULT_FORWARD(poll, int, __poll_chk, (pollfd* descriptors, nfds_t count, int timeout, size_t room), (descriptors, count, timeout, room))
THREADFAULT_FORWARD(select, int, select, (int count, fd_set* readable, fd_set* writable, fd_set* exceptional, timeval* timeout), (count, readable, writable, exceptional, timeout))
THREADFAULT_FORWARD(epoll_wait, int, epoll_wait, (int descriptor, epoll_event* events, int count, int timeout), (descriptor, events, count, timeout))
THREADFAULT_FORWARD(wait, pid_t, wait, (int* status), (status))
THREADFAULT_FORWARD(waitpid, pid_t, waitpid, (pid_t child, int* status, int options), (child, status, options))
THREADFAULT_FORWARD(waitid, int, waitid, (idtype_t kind, id_t id, siginfo_t* info, int options), (kind, id, info, options))
// clang-format on
