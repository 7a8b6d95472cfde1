#include "attach/signal_frame.hpp"

#include <cpuid.h>

#include <algorithm>
#include <cstring>

namespace threadfault::attach {
namespace {

// Components of the XSAVE area that need a permission (AMX's tiles): left out, as their state is
// not in use in threads that have not asked for it.
constexpr std::uint64_t kTiles = std::uint64_t{3} << 17;
constexpr std::size_t kLegacyArea = 576;  // FXSAVE and the header

// Where the kernel says what follows (struct _fpx_sw_bytes), in the unused part of FXSAVE.
struct SoftwareBytes {
    std::uint32_t magic1 = 0x46505853;
    std::uint32_t extended_size = 0;
    std::uint64_t features = 0;
    std::uint32_t xstate_size = 0;
    std::uint32_t padding[7] = {};
};
static_assert(sizeof(SoftwareBytes) == 48);
constexpr std::size_t kSoftwareBytesAt = 464;
constexpr std::uint32_t kMagic2 = 0x46505845;

// struct ucontext and struct sigcontext_64.
struct Context {
    std::uint64_t restorer;
    std::uint64_t flags = 7;  // UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS
    std::uint64_t link = 0;
    std::uint64_t stack_pointer = 0;
    // Invalid on purpose: rt_sigreturn(2) then leaves the alternate stack as it is.
    std::uint64_t stack_flags = 0x40;
    std::uint64_t stack_size = 0;
    std::uint64_t registers[18];
    std::uint16_t cs, gs = 0, fs = 0, ss;
    std::uint64_t error = 0, trap = 0, old_mask, cr2 = 0;
    std::uint64_t state;
    std::uint64_t reserved[8] = {};
    std::uint64_t mask;
};
static_assert(sizeof(Context) == 8 + 40 + 256 + 8);
constexpr std::size_t kInfoSize = 128;  // siginfo_t, unused

std::size_t user_state_size() {
    unsigned features = 0, b = 0, c = 0, d = 0;
    __cpuid_count(0xd, 0, features, b, c, d);
    std::size_t size = kLegacyArea;
    for (unsigned number = 2; number < 32; ++number) {
        if ((features >> number & 1) == 0 || (kTiles >> number & 1) != 0) continue;
        unsigned length = 0, offset = 0;
        __cpuid_count(0xd, number, length, offset, c, d);
        size = std::max<std::size_t>(size, length + offset);
    }
    return size;
}

}  // namespace

SignalFrame make_signal_frame(const arch::Traced& r, std::uint64_t mask, std::uint64_t restorer,
                              std::span<const unsigned char> state, std::uint64_t top) {
    static const std::size_t kUserState = user_state_size();
    const std::size_t state_size = std::min(kUserState, state.size());
    if (top == 0) top = r.rsp - arch::kRedZone;
    const std::uint64_t state_at = (top - state_size - sizeof kMagic2) & ~std::uint64_t{63};
    SignalFrame frame;
    // As at a function's first instruction: a return address has just been pushed.
    frame.address = ((state_at - sizeof(Context) - kInfoSize) & ~std::uint64_t{15}) - 8;

    Context context{};
    context.restorer = restorer;
    const std::uint64_t registers[] = {r.r8,  r.r9,  r.r10, r.r11, r.r12, r.r13,
                                       r.r14, r.r15, r.rdi, r.rsi, r.rbp, r.rbx,
                                       r.rdx, r.rax, r.rcx, r.rsp, r.rip, r.eflags};
    std::copy(std::begin(registers), std::end(registers), context.registers);
    context.cs = static_cast<std::uint16_t>(r.cs);
    context.ss = static_cast<std::uint16_t>(r.ss);
    context.old_mask = mask;
    context.mask = mask;
    context.state = state_at;

    frame.bytes.resize(state_at - frame.address + state_size + sizeof kMagic2);
    std::memcpy(frame.bytes.data(), &context, sizeof context);
    unsigned char* const area = frame.bytes.data() + (state_at - frame.address);
    std::memcpy(area, state.data(), state_size);
    SoftwareBytes software;
    std::memcpy(&software.features, area + kSoftwareBytesAt, sizeof software.features);
    software.features &= ~kTiles;
    software.xstate_size = static_cast<std::uint32_t>(state_size);
    software.extended_size = static_cast<std::uint32_t>(state_size + sizeof kMagic2);
    // What the kernel gives with NT_X86_XSTATE stands at the same place: the features.
    std::memcpy(area + kSoftwareBytesAt, &software, sizeof software);
    std::memcpy(area + state_size, &kMagic2, sizeof kMagic2);
    return frame;
}

}  // namespace threadfault::attach
