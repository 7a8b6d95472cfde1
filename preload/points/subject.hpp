// What a call is about, as its arguments say and as the kernel knows it.
#ifndef THREADFAULT_PRELOAD_SUBJECT_HPP
#define THREADFAULT_PRELOAD_SUBJECT_HPP

#include "inject/calls.hpp"
#include "inject/possible.hpp"

#include <pthread.h>
#include <threads.h>

#include <type_traits>

namespace threadfault::shim {

struct CallArguments {
    int descriptor = -1;
    const pthread_mutex_t* mutex = nullptr;
    bool has_flags = false;
    int flags = 0;         // the last argument that is an int and no count
    bool receives = true;  // which of the socket's time-outs is the call's
    bool has_no_attributes = false;
};

// Asks the kernel about the descriptor, unless a filter of the program's could mind. Keeps errno.
// Async-signal-safe; raw system calls only.
inject::Subject look_at(const CallArguments& arguments) noexcept;

template <inject::Call kCall, typename First, typename... Rest>
CallArguments arguments_of(First first, Rest... rest) noexcept {
    using inject::Call;
    CallArguments all;
    const auto take = [&all](auto argument) noexcept {
        using Argument = decltype(argument);
        if constexpr (std::is_same_v<Argument, int> && kCall != Call::readv &&
                      kCall != Call::writev) {
            all.flags = argument;
            all.has_flags = true;
        } else if constexpr (std::is_same_v<Argument, pthread_mutex_t*>) {
            all.mutex = argument;
        } else if constexpr (std::is_same_v<Argument, const pthread_attr_t*>) {
            all.has_no_attributes = argument == nullptr;
        }
    };
    constexpr unsigned kTraits = inject::kTraits[static_cast<std::size_t>(kCall)];
    if constexpr ((kTraits & inject::kDescriptor) != 0) {
        all.descriptor = first;
    } else {
        take(first);
    }
    (take(rest), ...);
    all.receives = kCall != Call::write && kCall != Call::writev && kCall != Call::send &&
                   kCall != Call::sendto && kCall != Call::sendmsg && kCall != Call::connect;
    return all;
}

template <inject::Call kCall>
CallArguments arguments_of() noexcept {
    return {};
}

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_SUBJECT_HPP
