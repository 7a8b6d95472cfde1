#include "preload/faults/capture.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/start.hpp"

#include <pthread.h>
#include <sys/uio.h>
#include <ucontext.h>

#include <algorithm>

namespace threadfault::shim {

void capture_self(const void* context, Capture* out) noexcept {
    const std::int64_t begin = execute::monotonic_ns();
    const auto& saved = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
    static constexpr int kOrder[wire::kRegisters] = {
        REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
        REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
    for (std::size_t i = 0; i < wire::kRegisters; ++i)
        out->registers[i] = static_cast<std::uint64_t>(saved[kOrder[i]]);
    const std::uint64_t top = out->registers[wire::kRegisterSp];
    // libc keeps a thread's descriptor at the outer end of its stack: no frame lies beyond.
    const std::uint64_t end = ::pthread_self();
    const std::size_t wanted =
        end > top && end - top < wire::kCaptureStack ? end - top : wire::kCaptureStack;
    // A read that runs into what is not mapped is cut off at a border between the pieces, so the
    // pieces end with their pages.
    constexpr std::size_t kPage = 4096;
    static_assert(wire::kCaptureStack == kPage, "two pieces reach over two pages");
    iovec to{out->stack, wanted};
    const std::size_t on_first = std::min<std::size_t>(kPage - top % kPage, wanted);
    const iovec from[] = {{reinterpret_cast<void*>(top), on_first},
                          {reinterpret_cast<void*>(top + on_first), wanted - on_first}};
    const long got = execute::sys_call(SYS_process_vm_readv, shim_pid(), &to, 1, from,
                                       sizeof from / sizeof from[0], 0);
    out->stack_size = got > 0 ? static_cast<std::uint32_t>(got) : 0;
    out->held_ns = execute::monotonic_ns() - begin;
}

}  // namespace threadfault::shim
