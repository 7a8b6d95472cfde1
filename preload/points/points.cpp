// What makes a shim the points library.
#include "preload/points/real_calls.hpp"
#include "preload/points/rules.hpp"

extern "C" __attribute__((visibility("hidden"))) void threadfault_points_marker() noexcept {}

namespace {

// Nearly all of them may be called in a signal handler, or with a lock of the allocator held: none
// may meet the loader's lock there. What is called before this finds its own way (Lazy). dlsym()
// gives the default version, which is the one that new programs are linked with.
[[gnu::constructor]] void resolve_points() noexcept {
    namespace real = threadfault::shim::real;
#define THREADFAULT_RESOLVE(function) real::function.get();
    THREADFAULT_POINTS(THREADFAULT_RESOLVE)
#undef THREADFAULT_RESOLVE
    real::pthread_join.get();
    real::ppoll.get();
    real::__ppoll_chk.get();
    real::epoll_pwait.get();
    real::epoll_pwait2.get();
    real::sigwait.get();
    real::sigwaitinfo.get();
    real::sigtimedwait.get();
}

}  // namespace
