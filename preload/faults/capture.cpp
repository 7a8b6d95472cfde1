#include "preload/faults/capture.hpp"

#include "arch/context.hpp"
#include "execute/syscalls.hpp"
#include "preload/base/own_memory.hpp"

#include <pthread.h>
#include <ucontext.h>

#include <algorithm>
#include <cstring>

namespace threadfault::shim {

void capture_self(const void* context, Capture* out) noexcept {
    const std::int64_t begin = execute::monotonic_ns();
    arch::copy_registers(*static_cast<const ucontext_t*>(context), out->registers);
    const std::uint64_t top = out->registers[wire::kRegisterSp];
    // libc keeps a thread's descriptor at the outer end of its stack: no frame lies beyond.
    const std::uint64_t end = ::pthread_self();
    const std::size_t wanted =
        end > top && end - top < wire::kCaptureStack ? end - top : wire::kCaptureStack;
    std::size_t copied = 0;
    while (copied < wanted && is_readable(top + copied)) {
        const std::size_t rest_of_page = kPageSize - (top + copied) % kPageSize;
        const std::size_t part = std::min(rest_of_page, wanted - copied);
        std::memcpy(out->stack + copied, reinterpret_cast<const void*>(top + copied), part);
        copied += part;
    }
    out->stack_size = static_cast<std::uint32_t>(copied);
    out->held_ns = execute::monotonic_ns() - begin;
}

}  // namespace threadfault::shim
