// What the kernel does besides failing, for the calls whose failure is more than a return value.
#ifndef THREADFAULT_PRELOAD_BESIDES_HPP
#define THREADFAULT_PRELOAD_BESIDES_HPP

#include "preload/points/point.hpp"

#include <sys/socket.h>

namespace threadfault::shim {

// EPIPE comes with SIGPIPE, EFBIG with SIGXFSZ, to the calling thread and as the kernel sends them,
// unless the call is one that sends none. Async-signal-safe.
void raise_what_comes_with(int error, const CallArguments& arguments) noexcept;

// As connect(2) when a signal interrupts it: the connection goes on in the background. True: that
// is how it is, or it was never begun (a queue that had no room); false: `*result` is what the call
// returned, at once. errno is set. Async-signal-safe.
bool interrupt_connection(const CallArguments& arguments, const sockaddr* to, socklen_t length,
                          int* result) noexcept;

// close(2): on Linux the descriptor is released whatever is returned, so the call is made.
struct CloseAndFail {
    template <typename Real>
    int operator()(const Effect& effect, Real& real, int descriptor) const {
        real(descriptor);
        return fail<inject::Convention::error_number, int>(effect);
    }
};

template <inject::Call kCall>
struct FailAndSignal {
    template <typename Real, typename... Arguments>
    auto operator()(const Effect& effect, Real& real, Arguments... arguments) const {
        raise_what_comes_with(effect.error, arguments_of<kCall>(arguments...));
        return fail<inject::Convention::error_number, decltype(real(arguments...))>(effect);
    }
};

struct ConnectAndFail {
    template <typename Real>
    int operator()(const Effect& effect, Real& /*real*/, int socket, const sockaddr* to,
                   socklen_t length) const {
        int result = -1;
        if (effect.error == EINTR &&
            !interrupt_connection(arguments_of<inject::Call::connect>(socket, to, length), to,
                                  length, &result)) {
            return result;
        }
        return fail<inject::Convention::error_number, int>(effect);
    }
};

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_BESIDES_HPP
