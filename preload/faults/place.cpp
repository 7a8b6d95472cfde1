#include "preload/faults/place.hpp"

#include "arch/context.hpp"
#include "preload/base/real.hpp"
#include "preload/faults/code_ranges.hpp"

#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <stdio.h>
#include <ucontext.h>

#include <cstring>

namespace threadfault::shim {

namespace {

using wire::Place;

// libc's own: ThreadSanitizer's would take our frames for memory of the program.
constinit decltype(&::backtrace) libc_backtrace = ::backtrace;

// struct _IO_lock_t of glibc (sysdeps/nptl/stdio-lock.h): int lock; int cnt; void* owner.
struct StreamLock {
    int lock;
    int count;
    void* owner;
};

bool holds(const FILE* stream) noexcept {
    if (stream == nullptr || stream->_lock == nullptr) return false;
    const auto* const lock = reinterpret_cast<const StreamLock*>(stream->_lock);
    return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) ==
           reinterpret_cast<void*>(::pthread_self());
}

}  // namespace

void prime_unwinder() noexcept {
    if (void* const libc = ::dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD)) {
        if (void* const found = ::dlsym(libc, "backtrace")) {
            libc_backtrace = reinterpret_cast<decltype(&::backtrace)>(found);
        }
        ::dlclose(libc);
    }
    real::pthread_exit.get();
    void* frame = nullptr;
    libc_backtrace(&frame, 1);
}

unsigned interrupted_frames(const void* context, std::uint64_t* frames, unsigned limit) noexcept {
    const auto* const interrupted = static_cast<const ucontext_t*>(context);
    const auto here = arch::instruction_pointer(*interrupted);
    const int found = libc_backtrace(reinterpret_cast<void**>(frames), static_cast<int>(limit));
    // Ours, the handler's and the signal trampoline's come first.
    int at = 0;
    while (at < found && frames[at] != here)
        ++at;
    if (at == found) {
        frames[0] = here;
        return 1;
    }
    const auto count = static_cast<unsigned>(found - at);
    std::memmove(frames, frames + at, count * sizeof frames[0]);
    return count;
}

wire::Place place_of_thread(const std::uint64_t* frames, unsigned count) noexcept {
    for (unsigned i = 0; i < count; ++i) {
        // A return address may be the first byte after the function that made the call.
        const Place place = place_of(i == 0 ? frames[i] : frames[i] - 1);
        if (place != Place::user) return place;
    }
    if (holds(::stdout) || holds(::stderr) || holds(::stdin)) return Place::stdio;
    return Place::user;
}

}  // namespace threadfault::shim
