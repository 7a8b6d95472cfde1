#include "diagnose/loop_step.hpp"

#include <cstring>

// Encodings: Arm Architecture Reference Manual for A-profile, C4.1. Every instruction is one word.

namespace threadfault::diagnose {
namespace {

using Leads = LoopStep::Leads;

constexpr int kFramePointer = 29;
constexpr int kStackPointer = 31;  // as a base; elsewhere 31 is the register of zeroes
constexpr std::uint64_t kWordSize = 4;

constexpr std::uint32_t field(std::uint32_t word, unsigned low, unsigned bits) {
    return word >> low & ((1U << bits) - 1);
}
constexpr std::uint64_t field_with_sign(std::uint32_t word, unsigned low, unsigned bits) {
    const std::uint64_t value = field(word, low, bits);
    const std::uint64_t sign = std::uint64_t{1} << (bits - 1);
    return (value ^ sign) - sign;
}
constexpr bool has_bit(std::uint32_t word, unsigned bit) {
    return field(word, bit, 1) != 0;
}

class StepReader {
public:
    StepReader(std::uint32_t word, std::uint64_t address) : word_(word), address_(address) {
        step_.length = kWordSize;
    }

    // std::nullopt: nothing that is known.
    std::optional<LoopStep> run() {
        if (!read()) return std::nullopt;
        return step_;
    }

private:
    // By the four bits that the manual divides all instructions by.
    bool read() {
        switch (field(word_, 25, 4)) {
            case 0x8:
            case 0x9:  // with a number
            case 0x5:
            case 0xd:  // with registers
                return true;
            case 0xa:
            case 0xb:
                return branch_or_system();
            case 0x4:
            case 0x6:
            case 0xc:
            case 0xe:
                return load_or_store();
            case 0x7:
            case 0xf:
                step_.vectors = true;
                return true;
            case 0x0:
                step_.leads = Leads::nowhere;
                return word_ >> 16 == 0;  // udf
            default:
                return false;  // of SVE and SME, or reserved
        }
    }

    bool matches(std::uint32_t mask, std::uint32_t bits) const { return (word_ & mask) == bits; }

    void lead(Leads where, unsigned low, unsigned bits) {
        step_.leads = where;
        step_.target = address_ + field_with_sign(word_, low, bits) * kWordSize;
    }

    bool branch_or_system() {
        if (matches(0xfc000000, 0x14000000)) {  // b
            lead(Leads::away, 0, 26);
        } else if (matches(0xfc000000, 0x94000000)) {  // bl
            lead(Leads::on, 0, 26);
            step_.calls = true;
        } else if (matches(0xff000000, 0x54000000)) {  // b.cond; 14 and 15 are "always"
            lead(field(word_, 0, 4) >= 14 ? Leads::away : Leads::either, 5, 19);
        } else if (matches(0x7e000000, 0x34000000)) {  // cbz, cbnz
            lead(Leads::either, 5, 19);
        } else if (matches(0x7e000000, 0x36000000)) {  // tbz, tbnz
            lead(Leads::either, 5, 14);
        } else if (matches(0xfe000000, 0xd6000000)) {  // by a register
            step_.calls = field(word_, 21, 3) == 1;    // blr
            step_.leads = step_.calls ? Leads::on : Leads::nowhere;
        } else if (matches(0xff000000, 0xd4000000)) {  // svc, and what ends the thread
            if (!matches(0xffe0001f, 0xd4000001)) step_.leads = Leads::nowhere;
        } else if (matches(0xffc00000, 0xd5000000)) {
            system();
        } else {
            return false;
        }
        return true;
    }

    void system() {
        step_.pauses =
            word_ == 0xd503203f || word_ == 0xd5033fdf;  // yield; isb, which is used alike
        // dc zva, which writes a block of zeroes; nobody knows here how large it is.
        if (matches(0xfff8ff00, 0xd5087400)) touch(at_register(field(word_, 0, 5)), 0, true);
    }

    // By bits 28 and 29.
    bool load_or_store() {
        step_.vectors = has_bit(word_, 26);
        switch (field(word_, 28, 2)) {
            case 0:
                return step_.vectors ? structures() : exclusive();
            case 1:
                return literal_or_unscaled();
            case 2:
                return pair();
            default:
                return single();
        }
    }

    static Operand at_register(unsigned number) {
        Operand operand;
        operand.kind = Operand::Kind::memory;
        operand.base = static_cast<int>(number);
        return operand;
    }
    Operand base() const { return at_register(field(word_, 5, 5)); }

    void touch(Operand operand, unsigned size, bool writes) {
        operand.size = static_cast<std::uint8_t>(size);
        step_.touches.push_back(operand);
        if (writes) step_.writes.push_back(operand);
    }

    // ld1 to st4.
    bool structures() {
        touch(base(), 0, !has_bit(word_, 22));
        return true;
    }

    // Exclusive, or in an order with others; compare and swap.
    bool exclusive() {
        if (has_bit(word_, 24)) return false;
        const bool ordered = has_bit(word_, 23);
        const bool second = has_bit(word_, 21);
        const unsigned scale = field(word_, 30, 2);
        const bool swaps = second && (ordered || scale < 2);
        const bool pair = second && !ordered;
        const unsigned size = pair && scale < 2 ? 4U << scale : 1U << scale;
        for (unsigned i = 0; i < (pair ? 2U : 1U); ++i) {
            Operand operand = base();
            operand.value = std::uint64_t{i} * size;
            touch(operand, size, swaps || !has_bit(word_, 22));
        }
        return true;
    }

    bool literal_or_unscaled() {
        if (!has_bit(word_, 24)) {  // ldr from the code
            Operand operand;
            operand.kind = Operand::Kind::memory;
            operand.value = address_ + field_with_sign(word_, 5, 19) * kWordSize;
            touch(operand, 8, false);
            return true;
        }
        // stlur, ldapur; others copy memory, or mark it.
        if (has_bit(word_, 21) || field(word_, 10, 2) != 0 || step_.vectors) return false;
        Operand operand = base();
        operand.value = field_with_sign(word_, 12, 9);
        touch(operand, 1U << field(word_, 30, 2), field(word_, 22, 2) == 0);
        return true;
    }

    bool pair() {
        const unsigned how = field(word_, 30, 2);
        if (how == 3 || (how == 1 && !step_.vectors && !has_bit(word_, 22))) return false;
        const unsigned size = step_.vectors ? 4U << how : how == 2 ? 8U : 4U;
        Operand operand = base();
        const bool after = field(word_, 23, 2) == 1;
        if (!after) operand.value = field_with_sign(word_, 15, 7) * size;
        for (int i = 0; i < 2; ++i, operand.value += size)
            touch(operand, size, !has_bit(word_, 22));
        return true;
    }

    bool single() {
        const unsigned scale_bits = field(word_, 30, 2);
        const unsigned how = field(word_, 22, 2);
        const bool wide = step_.vectors && how >= 2;
        const unsigned scale = wide ? 4 : scale_bits;
        const bool writes = step_.vectors ? how % 2 == 0 : how == 0;
        Operand operand = base();
        if (has_bit(word_, 24)) {
            operand.value = std::uint64_t{field(word_, 10, 12)} << scale;
        } else if (!has_bit(word_, 21)) {
            // As it is, behind the access, unprivileged, or before it.
            if (field(word_, 10, 2) != 1) operand.value = field_with_sign(word_, 12, 9);
        } else if (field(word_, 10, 2) == 2) {
            const unsigned index = field(word_, 16, 5);
            if (index != 31) operand.index = static_cast<int>(index);
            if (has_bit(word_, 12)) operand.scale = static_cast<std::uint8_t>(1U << scale);
        } else {
            return atomic(operand, 1U << scale_bits);
        }
        const bool prefetches = !step_.vectors && scale_bits == 3 && how >= 2;
        if (!prefetches) touch(operand, 1U << scale, writes);
        return true;
    }

    // One that reads and writes, or ldapr; with odd bits here it checks a pointer's signature.
    bool atomic(Operand operand, unsigned size) {
        if (step_.vectors) return false;
        if (has_bit(word_, 10)) {
            touch(operand, 8, false);
            return true;
        }
        touch(operand, size, !matches(0x3ffffc00, 0x38bfc000));
        return true;
    }

    std::uint32_t word_;
    std::uint64_t address_;
    LoopStep step_;
};

}  // namespace

std::optional<LoopStep> loop_step(std::span<const unsigned char> bytes, std::uint64_t address) {
    std::uint32_t word = 0;
    if (bytes.size() < sizeof word) return std::nullopt;
    std::memcpy(&word, bytes.data(), sizeof word);
    return StepReader(word, address).run();
}

bool is_frame_register(int number) {
    return number == kStackPointer || number == kFramePointer;
}

}  // namespace threadfault::diagnose
