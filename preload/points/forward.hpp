// For the interposers that only stand in front of a call.
#ifndef THREADFAULT_PRELOAD_FORWARD_HPP
#define THREADFAULT_PRELOAD_FORWARD_HPP

#include "preload/base/export.hpp"
#include "preload/points/point.hpp"
#include "preload/points/real_calls.hpp"

// THREADFAULT_FORWARD(call, result, name, parameters, arguments) is the point `call` in the
// exported function `name`; THREADFAULT_FORWARD_NOTHROW is for those that libc's headers declare
// noexcept. The two differ because a cancellation point is unwound.
#define THREADFAULT_FORWARD(call, result, name, parameters, arguments)       \
    THREADFAULT_EXPORT result name parameters {                              \
        return ::threadfault::shim::point<::threadfault::inject::Call::call, \
                                          ::threadfault::shim::real::name>   \
            arguments;                                                       \
    }
#define THREADFAULT_FORWARD_NOTHROW(call, result, name, parameters, arguments) \
    THREADFAULT_EXPORT result name parameters noexcept {                       \
        return ::threadfault::shim::point<::threadfault::inject::Call::call,   \
                                          ::threadfault::shim::real::name>     \
            arguments;                                                         \
    }

// The same where a failure is more than a return value: `instead` (besides.hpp) is what happens.
#define THREADFAULT_FORWARD_INSTEAD(call, instead, result, name, parameters, arguments) \
    THREADFAULT_EXPORT result name parameters {                                         \
        return ::threadfault::shim::point_instead<::threadfault::inject::Call::call,    \
                                                  ::threadfault::shim::real::name,      \
                                                  ::threadfault::shim::instead{}>       \
            arguments;                                                                  \
    }

#endif  // THREADFAULT_PRELOAD_FORWARD_HPP
