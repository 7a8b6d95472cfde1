// Backtraces of another process's threads from copies of their registers and stacks, by libunwind's
// remote interface: nothing runs in the process, nothing is stopped.
#ifndef THREADFAULT_DIAGNOSE_UNWINDER_HPP
#define THREADFAULT_DIAGNOSE_UNWINDER_HPP

#include "arch/registers.hpp"
#include "diagnose/remote_memory.hpp"
#include "observe/maps.hpp"
#include "observe/process.hpp"
#include "wire/wire.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::diagnose {

// In the order of DWARF's numbers (wire.hpp).
using Registers = std::array<std::uint64_t, wire::kRegisters>;

// Which of them are known, one bit each.
using KnownRegisters = std::uint64_t;
constexpr KnownRegisters bit(std::size_t number) noexcept {
    return KnownRegisters{1} << number;
}
inline constexpr KnownRegisters kAllKnown = bit(wire::kRegisters) - 1;

// What a function must give back unchanged (arch::kSaved), as far as known.
using SavedRegisters = std::array<std::optional<std::uint64_t>, std::size(arch::kSaved)>;

struct RawFrame {
    std::uint64_t ip = 0;
    std::uint64_t stack_pointer = 0;
    bool signal = false;  // a signal interrupted it there; the frame before is the trampoline
    std::optional<SavedRegisters> saved{};  // as the frame has them; where asked for
};

// What the tables say of the function at an address (System V ABI, .eh_frame).
struct FunctionInfo {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t lsda = 0;         // 0: no language-specific data
    std::uint64_t personality = 0;  // 0: none: an unwind passes through without a stop
};

// Not thread-safe. What is read of code and tables is kept; the stack copies are the caller's.
class Unwinder {
public:
    explicit Unwinder(const observe::Process& process);
    Unwinder(observe::Maps maps, RemoteMemory::Source memory);
    ~Unwinder();
    Unwinder(const Unwinder&) = delete;
    Unwinder& operator=(const Unwinder&) = delete;

    // Innermost first, at most `limit`. Ends where the tables end (a JIT's code, the first frame),
    // where a frame does not lie above the one before, or where memory can't be read.
    std::vector<RawFrame> unwind(const Registers& registers, const StackCopy& stack,
                                 std::size_t limit, bool with_saved = false,
                                 KnownRegisters known = kAllKnown);

    std::optional<FunctionInfo> function_at(std::uint64_t ip);

    // The file that an address is in, if it has no search table for its unwind information (segment
    // PT_GNU_EH_FRAME): stacks end there. "": it has one, or there is no file.
    std::string file_without_table(std::uint64_t ip);

    // Does a signal handler return to there? By its code (rt_sigreturn), as unwinders know it.
    bool is_trampoline(std::uint64_t ip);

    RemoteMemory& memory() noexcept;
    const observe::Maps& maps() const noexcept;

private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_UNWINDER_HPP
