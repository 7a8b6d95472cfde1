#include "diagnose/machine.hpp"

#include <algorithm>

namespace threadfault::diagnose {
namespace {

// The callee may change them (System V ABI for x86-64, 3.2.1): rax, rcx, rdx, rsi, rdi, r8 to r11.
constexpr std::array<int, 9> kCallerSaved = {0, 1, 2, 6, 7, 8, 9, 10, 11};
// The longest store of one instruction: a vector register, or the state of the x87 unit.
constexpr std::size_t kWidest = 512;

std::uint64_t cut_to(std::uint64_t value, std::uint8_t size) {
    return size >= 8 ? value : value & ((std::uint64_t{1} << (8 * size)) - 1);
}

std::uint64_t with_sign(std::uint64_t value, std::uint8_t size) {
    if (size >= 8) return value;
    const unsigned shift = 64 - 8U * size;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value << shift) >> shift);
}

MachineValue number_of(std::uint64_t number, bool selector = false) {
    return {MachineValue::Kind::number, selector, 0, number};
}

}  // namespace

Machine::Machine() {
    registers_[kRsp] = {MachineValue::Kind::address, false, ++bases_, 0};
    registers_[kRbp] = {MachineValue::Kind::address, false, ++bases_, 0};
}

void Machine::set_frame(std::uint64_t stack_pointer,
                        const std::array<std::optional<std::uint64_t>, kSavedRegisters>& saved,
                        bool has_frame_pointer) {
    constexpr std::size_t kPointer = arch::kSavedFramePointer;
    for (std::size_t i = 0; i < saved.size(); ++i) {
        if (!saved[i] || (i == kPointer && has_frame_pointer)) continue;
        registers_[arch::kSavedInCode[i]] = number_of(*saved[i]);
    }
    frame_ = {stack_pointer, has_frame_pointer ? saved[kPointer].value_or(0) : 0};
}

MachineValue Machine::resolved(const MachineValue& value) const {
    if (!value.is_address() || value.base > frame_.size()) return value;
    const std::uint64_t base = frame_[value.base - 1];
    return base != 0 ? number_of(base + value.number) : value;
}

void Machine::enter_landing_pad(std::int64_t selector) {
    come_back();
    flags_ = {};
    registers_[kRdx] = number_of(static_cast<std::uint64_t>(selector), true);
}

void Machine::come_back() {
    for (const int number : kCallerSaved)
        registers_[static_cast<std::size_t>(number)] = {};
    flags_ = {};
    std::erase_if(slots_, [](const auto& slot) { return !slot.second.value.selector; });
}

void Machine::enter_function() {
    // Constants that it gets as arguments: rdi, rsi, rdx, rcx, r8 and r9.
    static constexpr std::array<std::size_t, 6> kArguments = {7, 6, 2, 1, 8, 9};
    Machine inner;
    for (const std::size_t number : kArguments) {
        const MachineValue argument = resolved(registers_[number]);
        if (argument.is_number()) inner.registers_[number] = argument;
    }
    *this = inner;
}

void Machine::widen() {
    for (MachineValue& value : registers_) {
        if (value.is_number() && !value.selector) value = {};
    }
    flags_ = {};
    std::erase_if(slots_, [](const auto& slot) { return !slot.second.value.selector; });
}

MachineValue Machine::address_of(const Operand& operand) const {
    if (operand.thread_local_segment) return {};
    MachineValue sum = number_of(operand.value);
    if (operand.base != kNoRegister) {
        const MachineValue& base = registers_[static_cast<std::size_t>(operand.base)];
        if (base.kind == MachineValue::Kind::unknown) return {};
        sum = base;
        sum.number += operand.value;
    }
    if (operand.index != kNoRegister) {
        const MachineValue& index = registers_[static_cast<std::size_t>(operand.index)];
        if (!index.is_number()) return {};
        sum.number += index.number * operand.scale;
    }
    sum.selector = false;
    return sum;
}

MachineValue Machine::load(const Operand& operand, const Constant& constant) const {
    const MachineValue address = address_of(operand);
    const auto slot = address.is_address()
                          ? slots_.find({address.base, static_cast<std::int64_t>(address.number)})
                          : slots_.end();
    if (slot == slots_.end()) {
        const MachineValue place = resolved(address);
        std::uint64_t number = 0;
        if (!place.is_number() || operand.size > sizeof number ||
            !constant(place.number, &number, operand.size)) {
            return {};
        }
        return number_of(number);
    }
    if (slot->second.size < operand.size) return {};
    MachineValue value = slot->second.value;
    if (value.is_number()) value.number = cut_to(value.number, operand.size);
    if (value.is_address() && operand.size < 8) return {};
    return value;
}

MachineValue Machine::value_of(const Operand& operand, const Constant& constant) const {
    switch (operand.kind) {
        case Operand::Kind::immediate:
            return number_of(operand.value);
        case Operand::Kind::memory:
            return load(operand, constant);
        case Operand::Kind::general: {
            if (operand.high_byte) return {};
            MachineValue value = registers_[static_cast<std::size_t>(operand.base)];
            if (value.is_number()) value.number = cut_to(value.number, operand.size);
            if (value.is_address() && operand.size < 8) return {};
            return value;
        }
        case Operand::Kind::none:
            break;
    }
    return {};
}

void Machine::forget_slots(const MachineValue& address, std::size_t size) {
    if (address.is_number()) return;  // a global variable
    if (!address.is_address()) {
        // A pointer of the program: it may point to a variable of the frame, but to none of the
        // compiler's own.
        std::erase_if(slots_, [](const auto& slot) { return !slot.second.value.selector; });
        return;
    }
    const auto at = static_cast<std::int64_t>(address.number);
    std::erase_if(slots_, [&](const auto& slot) {
        return slot.first.base == address.base &&
               slot.first.at < at + static_cast<std::int64_t>(size) &&
               at < slot.first.at + slot.second.size;
    });
}

void Machine::store(const Operand& operand, MachineValue value) {
    const MachineValue address = address_of(operand);
    forget_slots(address, operand.size);
    if (!address.is_address() || value.kind == MachineValue::Kind::unknown) return;
    slots_[{address.base, static_cast<std::int64_t>(address.number)}] = {operand.size, value};
}

void Machine::put(const Operand& operand, MachineValue value) {
    if (value.is_number()) value.number = cut_to(value.number, operand.size);
    if (operand.kind == Operand::Kind::memory) store(operand, value);
    if (operand.kind != Operand::Kind::general) return;
    MachineValue& target = registers_[static_cast<std::size_t>(operand.base)];
    if (operand.size >= 4) {
        target = value;  // the upper half of a register is cleared
        return;
    }
    const bool known = target.is_number() && value.is_number() && !operand.high_byte;
    const std::uint64_t upper = target.number - cut_to(target.number, operand.size);
    target =
        known ? number_of(upper | value.number, target.selector && value.selector) : MachineValue{};
}

void Machine::set_flags(FlagsOf of, const MachineValue& left, const MachineValue& right,
                        std::uint8_t size) {
    flags_ = {};
    const bool numbers = left.is_number() && right.is_number();
    const bool distance = of == FlagsOf::difference && size == 8 && left.is_address() &&
                          right.is_address() && left.base == right.base;
    if (numbers || distance) {
        flags_ = {of, size, cut_to(left.number, size), cut_to(right.number, size)};
    }
}

void Machine::set_flags_of(std::uint64_t left, std::uint64_t right) {
    flags_ = {FlagsOf::difference, 8, left, right};
}

std::optional<bool> Machine::holds(std::uint8_t condition) const {
    if (flags_.of == FlagsOf::unknown) return std::nullopt;
    const bool difference = flags_.of == FlagsOf::difference;
    const std::uint64_t result =
        cut_to(difference ? flags_.left - flags_.right : flags_.left & flags_.right, flags_.size);
    const std::uint64_t sign_bit = std::uint64_t{1} << (8 * flags_.size - 1);
    const bool zero = result == 0;
    const bool sign = (result & sign_bit) != 0;
    const bool carry = difference && flags_.left < flags_.right;
    const bool overflow =
        difference && ((flags_.left ^ flags_.right) & (flags_.left ^ result) & sign_bit) != 0;
    const unsigned pair = condition >> 1;
    if (flags_.of == FlagsOf::result && pair != 2 && pair != 4) return std::nullopt;
    bool met = false;
    switch (pair) {
        case 0:
            met = overflow;
            break;
        case 1:
            met = carry;
            break;
        case 2:
            met = zero;
            break;
        case 3:
            met = carry || zero;
            break;
        case 4:
            met = sign;
            break;
        case 5:
            return std::nullopt;  // parity
        case 6:
            met = sign != overflow;
            break;
        default:
            met = zero || sign != overflow;
    }
    return met != ((condition & 1) != 0);
}

void Machine::compute(const Instruction& instruction, const Constant& constant) {
    const std::uint8_t size = instruction.destination.size;
    const MachineValue left = value_of(instruction.destination, constant);
    const bool one =
        instruction.opcode == Opcode::increment || instruction.opcode == Opcode::decrement;
    const MachineValue right = one ? number_of(1) : value_of(instruction.source, constant);
    MachineValue result;
    const bool numbers = left.is_number() && right.is_number();
    if (numbers) {
        result = number_of(0, left.selector && (right.selector || instruction.source.kind ==
                                                                      Operand::Kind::immediate));
    }
    flags_ = {};
    switch (instruction.opcode) {
        case Opcode::add:
        case Opcode::increment:
            if (left.is_address() && right.is_number()) result = left;
            result.number = left.number + right.number;
            break;
        case Opcode::subtract:
        case Opcode::decrement:
            if (left.is_address() && right.is_number()) result = left;
            result.number = left.number - right.number;
            break;
        case Opcode::bit_and:
            result.number = left.number & right.number;
            // An aligned stack: where it lies in the frame is not known, what lies on it is.
            if (left.is_address()) result = {MachineValue::Kind::address, false, ++bases_, 0};
            break;
        case Opcode::bit_or:
            result.number = left.number | right.number;
            break;
        case Opcode::bit_xor: {
            const Operand& a = instruction.destination;
            const Operand& b = instruction.source;
            const bool same = a.kind == Operand::Kind::general && b.kind == a.kind &&
                              a.base == b.base && !a.high_byte && !b.high_byte;
            if (same) result = number_of(0);
            result.number = same ? 0 : left.number ^ right.number;
            break;
        }
        default:
            break;
    }
    if (result.kind == MachineValue::Kind::unknown) result.number = 0;
    put(instruction.destination, result);
    if (instruction.opcode == Opcode::subtract) {
        set_flags(FlagsOf::difference, left, right, size);
    } else if (result.is_number()) {
        const bool counts = one || instruction.opcode == Opcode::add;
        set_flags(counts ? FlagsOf::result : FlagsOf::intersection, result, result, size);
    }
}

void Machine::run(const Instruction& instruction, const Constant& constant) {
    const auto value = [&](const Operand& operand) { return value_of(operand, constant); };
    const Operand& to = instruction.destination;
    const Operand& from = instruction.source;
    MachineValue& stack = registers_[kRsp];
    Operand top;
    top.kind = Operand::Kind::memory;
    top.size = 8;
    top.base = kRsp;
    switch (instruction.opcode) {
        case Opcode::nothing:
            return;
        case Opcode::move:
            put(to, value(from));
            return;
        case Opcode::move_zero:
            put(to, value(from));
            return;
        case Opcode::move_sign: {
            MachineValue moved = value(from);
            if (moved.is_number()) moved.number = with_sign(moved.number, from.size);
            put(to, moved);
            return;
        }
        case Opcode::load_address: {
            MachineValue address = address_of(from);
            if (address.is_address() && to.size < 8) address = {};
            put(to, address);
            return;
        }
        case Opcode::compare:
        case Opcode::test:
            set_flags(
                instruction.opcode == Opcode::test ? FlagsOf::intersection : FlagsOf::difference,
                value(to), value(from), to.size);
            return;
        case Opcode::push: {
            const MachineValue pushed = value(from);
            if (stack.is_address()) stack.number -= 8;
            store(top, pushed);
            return;
        }
        case Opcode::pop: {
            const MachineValue popped = load(top, constant);
            if (stack.is_address()) stack.number += 8;
            put(to, popped);
            return;
        }
        case Opcode::leave:
            stack = registers_[kRbp];
            registers_[kRbp] = load(top, constant);
            if (stack.is_address()) stack.number += 8;
            return;
        case Opcode::set_if: {
            const auto met = holds(instruction.condition);
            put(to, met ? number_of(*met ? 1 : 0) : MachineValue{});
            return;
        }
        case Opcode::move_if: {
            const auto met = holds(instruction.condition);
            if (met && !*met) {
                put(to, value(to));
            } else {
                put(to, met ? value(from) : MachineValue{});
            }
            return;
        }
        case Opcode::other:
            break;
        default:
            compute(instruction, constant);
            return;
    }
    flags_ = {};
    if (to.kind == Operand::Kind::memory) forget_slots(address_of(to), kWidest);
    for (const Operand* const operand : {&to, &from}) {
        if (operand->kind == Operand::Kind::general) {
            registers_[static_cast<std::size_t>(operand->base)] = {};
        }
    }
    if (!instruction.wild) return;
    for (std::size_t i = 0; i < registers_.size(); ++i) {
        if (i != kRsp && i != kRbp) registers_[i] = {};
    }
}

}  // namespace threadfault::diagnose
