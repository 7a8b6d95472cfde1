#include "attach/signal_frame.hpp"

#include <algorithm>
#include <cstring>

namespace threadfault::attach {
namespace {

// struct _aarch64_ctx and struct fpsimd_context (asm/sigcontext.h), and the end of the list.
struct FloatingPoint {
    std::uint32_t magic = 0x46508001;
    std::uint32_t size = 528;
    std::uint32_t status = 0;
    std::uint32_t control = 0;
    unsigned char registers[512] = {};
    std::uint64_t end[2] = {};
};
static_assert(sizeof(FloatingPoint) == 528 + 16);

// struct ucontext and struct sigcontext.
struct Context {
    std::uint64_t flags = 0;
    std::uint64_t link = 0;
    std::uint64_t stack_pointer = 0;
    // Invalid on purpose: rt_sigreturn(2) then leaves the alternate stack as it is.
    std::uint64_t stack_flags = 0x40;
    std::uint64_t stack_size = 0;
    std::uint64_t mask = 0;
    std::uint64_t unused[15] = {};
    std::uint64_t padding = 0;
    std::uint64_t fault_address = 0;
    std::uint64_t registers[31] = {};
    std::uint64_t sp = 0, pc = 0, state = 0;
    std::uint64_t alignment = 0;
    FloatingPoint floating_point;
    unsigned char rest[4096 - sizeof(FloatingPoint)] = {};
};
static_assert(offsetof(Context, fault_address) == 176);
static_assert(offsetof(Context, floating_point) == 176 + 288);
constexpr std::size_t kInfoSize = 128;  // siginfo_t, unused

// struct user_fpsimd_state, as NT_PRFPREG gives it.
constexpr std::size_t kRegistersSize = 512;
constexpr std::size_t kStateSize = kRegistersSize + 2 * sizeof(std::uint32_t);

}  // namespace

SignalFrame make_signal_frame(const arch::Traced& r, std::uint64_t mask, std::uint64_t /*restorer*/,
                              std::span<const unsigned char> state, std::uint64_t top) {
    Context context;
    context.mask = mask;
    std::copy(std::begin(r.regs), std::end(r.regs), context.registers);
    context.sp = r.sp;
    context.pc = r.pc;
    context.state = r.pstate;
    if (state.size() >= kStateSize) {
        FloatingPoint& out = context.floating_point;
        std::memcpy(out.registers, state.data(), kRegistersSize);
        std::memcpy(&out.status, state.data() + kRegistersSize, sizeof out.status);
        std::memcpy(&out.control, state.data() + kRegistersSize + sizeof out.status,
                    sizeof out.control);
    }
    SignalFrame frame;
    frame.bytes.resize(kInfoSize + sizeof context);
    std::memcpy(frame.bytes.data() + kInfoSize, &context, sizeof context);
    frame.address = ((top != 0 ? top : r.sp) - frame.bytes.size()) & ~std::uint64_t{15};
    return frame;
}

}  // namespace threadfault::attach
