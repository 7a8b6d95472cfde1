// Registers, flags and stack slots of a thread as far as its code alone tells them: numbers that
// the code itself puts there, the selector of a landing pad, and addresses within the frame.
#ifndef THREADFAULT_DIAGNOSE_MACHINE_HPP
#define THREADFAULT_DIAGNOSE_MACHINE_HPP

#include "arch/registers.hpp"
#include "diagnose/instruction.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

namespace threadfault::diagnose {

struct MachineValue {
    enum class Kind : std::uint8_t { unknown, number, address };
    Kind kind = Kind::unknown;
    // Made from the selector alone: no variable of the program, so nothing else writes where it
    // lies.
    bool selector = false;
    std::uint32_t base = 0;    // address: relative to what
    std::uint64_t number = 0;  // address: the distance from that

    bool is_number() const noexcept { return kind == Kind::number; }
    bool is_address() const noexcept { return kind == Kind::address; }
    auto operator<=>(const MachineValue&) const = default;  // NOLINT(modernize-use-nullptr)
};

inline constexpr int kRax = 0;
inline constexpr int kRdx = 2;
inline constexpr int kRsp = 4;
inline constexpr int kRbp = 5;
inline constexpr int kRdi = 7;
inline constexpr std::size_t kSavedRegisters = std::size(arch::kSaved);

class Machine {
public:
    // Reads memory that can't change; false: it may change.
    using Constant = std::function<bool(std::uint64_t address, void* buffer, std::size_t size)>;

    // rsp and rbp point into the frame, everything else is unknown.
    Machine();
    // As the thread has them: rsp, and those of arch::kSaved, as far as known. `constant` is then
    // asked for what lies on the stack, too. `has_frame_pointer`: rbp points there.
    void set_frame(std::uint64_t stack_pointer,
                   const std::array<std::optional<std::uint64_t>, kSavedRegisters>& saved,
                   bool has_frame_pointer);
    // As the personality routine leaves it at a landing pad.
    void enter_landing_pad(std::int64_t selector);

    // Everything but calls, jumps and returns.
    void run(const Instruction& instruction, const Constant& constant);
    // A function has been called and has come back.
    void come_back();
    // As the function that is called sees it.
    void enter_function();
    // What the operand holds, as far as it is known.
    MachineValue value_of(const Operand& operand, const Constant& constant) const;
    // Is the condition of a jump met? std::nullopt: not known.
    std::optional<bool> holds(std::uint8_t condition) const;
    // For a comparison that the walk can decide by what it knows of itself.
    void set_flags_of(std::uint64_t left, std::uint64_t right);
    // Numbers of the program are forgotten: the walk is in a loop.
    void widen();

    auto operator<=>(const Machine&) const = default;  // NOLINT(modernize-use-nullptr)

private:
    struct Slot {
        std::uint8_t size = 0;
        MachineValue value;
        auto operator<=>(const Slot&) const = default;  // NOLINT(modernize-use-nullptr)
    };
    struct Place {
        std::uint32_t base = 0;
        std::int64_t at = 0;
        auto operator<=>(const Place&) const = default;  // NOLINT(modernize-use-nullptr)
    };
    enum class FlagsOf : std::uint8_t {
        unknown,
        difference,    // left - right
        intersection,  // left & right
        result,        // left; carry and overflow are not known
    };
    struct Flags {
        FlagsOf of = FlagsOf::unknown;
        std::uint8_t size = 8;
        std::uint64_t left = 0;
        std::uint64_t right = 0;
        auto operator<=>(const Flags&) const = default;  // NOLINT(modernize-use-nullptr)
    };

    // An address in the frame as a number, where the frame is known.
    MachineValue resolved(const MachineValue& value) const;
    MachineValue address_of(const Operand& operand) const;
    MachineValue load(const Operand& operand, const Constant& constant) const;
    void store(const Operand& operand, MachineValue value);
    void put(const Operand& operand, MachineValue value);
    void forget_slots(const MachineValue& address, std::size_t size);
    void compute(const Instruction& instruction, const Constant& constant);
    void set_flags(FlagsOf of, const MachineValue& left, const MachineValue& right,
                   std::uint8_t size);

    std::array<MachineValue, arch::kRegistersInCode> registers_;
    std::map<Place, Slot> slots_;
    Flags flags_;
    std::uint32_t bases_ = 0;
    std::array<std::uint64_t, 2> frame_{};  // what the first two bases are
};

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_MACHINE_HPP
