#include "diagnose/instruction.hpp"

#include <algorithm>
#include <array>
#include <cstring>

// Tables and names after Intel's manual, volume 2, appendix A ("Opcode Map") and chapter 2
// ("Instruction Format").

namespace threadfault::diagnose {
namespace {

enum class Map : std::uint8_t { primary, secondary, map38, map3a };

// One bit an opcode.
using OpcodeSet = std::array<std::uint16_t, 16>;
constexpr bool in_set(const OpcodeSet& set, unsigned char opcode) {
    return (set[opcode >> 4] >> (opcode & 15) & 1) != 0;
}

// Rows 0x to Fx, the lowest bit is column 0.
constexpr OpcodeSet kPrimaryModRm = {0x0f0f, 0x0f0f, 0x0f0f, 0x0f0f, 0,      0, 0x0a08, 0, 0xffff,
                                     0,      0,      0,      0x00c3, 0xff0f, 0, 0xc0c0};
constexpr OpcodeSet kSecondaryWithoutModRm = {0x4be0, 0, 0,      0x00ff, 0,      0, 0, 0x0080,
                                              0xffff, 0, 0x0707, 0,      0xff00, 0, 0, 0};
constexpr OpcodeSet kSecondaryImmediate = {0x8000, 0, 0,      0,      0,      0, 0, 0x000f,
                                           0,      0, 0x1010, 0x0400, 0x0074, 0, 0, 0};
// ModRM's middle bits belong to the opcode.
constexpr OpcodeSet kPrimaryGroups = {0,      0, 0, 0, 0,      0,      0, 0,
                                      0x800f, 0, 0, 0, 0x00c3, 0xff0f, 0, 0xc0c0};
// They belong to the opcode, or name a vector register.
constexpr OpcodeSet kSecondaryNotGeneral = {0x2003, 0x81ff, 0xcf0f, 0,     0,      0xfffe,
                                            0xffff, 0xffff, 0,      0,     0x4000, 0x0400,
                                            0x00d4, 0xff7f, 0xffff, 0xffff};
// xgetbv and its like, cmpxchg, xadd, cmpxchg16b.
constexpr OpcodeSet kSecondarySeveral = {0x0002, 0, 0, 0,      0,      0, 0, 0,
                                         0,      0, 0, 0x0003, 0x0083, 0, 0, 0};

class Decoder {
public:
    Decoder(std::span<const unsigned char> bytes, std::uint64_t address)
        : bytes_(bytes.first(std::min(bytes.size(), kLongestInstruction))), address_(address) {}

    std::optional<Instruction> run() {
        read_prefixes();
        read_opcode();
        if (has_modrm()) read_modrm();
        if (!vector_ && map_ == Map::primary) primary();
        if (!vector_ && map_ == Map::secondary) secondary();
        skip_immediate();
        if (out_.opcode == Opcode::other) say_what_it_may_write();
        if (failed_) return std::nullopt;
        out_.length = static_cast<std::uint8_t>(at_);
        const auto end = address_ + at_;
        if (relative_) out_.target = end + out_.source.value;
        for (Operand* const operand : {&out_.destination, &out_.source}) {
            if (operand->kind == Operand::Kind::memory && rip_relative_) operand->value += end;
        }
        return out_;
    }

private:
    template <typename T>
    T take() {
        T value{};
        if (bytes_.size() - at_ < sizeof value) {
            failed_ = true;
            at_ = bytes_.size();
            return value;
        }
        std::memcpy(&value, bytes_.data() + at_, sizeof value);
        at_ += sizeof value;
        return value;
    }
    unsigned char peek() const { return at_ < bytes_.size() ? bytes_[at_] : 0; }

    void read_prefixes() {
        for (; at_ < bytes_.size(); ++at_) {
            switch (bytes_[at_]) {
                case 0x66:
                    short_operand_ = true;
                    break;
                case 0x67:
                    short_address_ = true;
                    break;
                case 0x64:
                case 0x65:
                    segment_ = true;
                    break;
                case 0x26:
                case 0x2e:
                case 0x36:
                case 0x3e:
                case 0xf0:
                case 0xf2:
                case 0xf3:
                    break;
                default:
                    if ((bytes_[at_] & 0xf0) == 0x40) rex_ = bytes_[at_++];
                    return;
            }
        }
    }

    // VEX and EVEX hold what REX and the escape bytes do; no instruction that we evaluate has them.
    void read_vector_prefix(unsigned char first) {
        vector_ = true;
        unsigned map = 1;
        const auto inverted = static_cast<unsigned char>(~peek());
        rex_ = inverted >> 5 & (first == 0xc5 ? 4 : 7);
        if (first == 0xc5) {
            take<unsigned char>();
        } else {
            map = take<unsigned char>() & (first == 0x62 ? 7U : 31U);
            take<unsigned char>();
            if (first == 0x62) take<unsigned char>();
        }
        map_ = map == 2 ? Map::map38 : map == 3 ? Map::map3a : Map::secondary;
        opcode_ = take<unsigned char>();
    }

    void read_opcode() {
        opcode_ = take<unsigned char>();
        if (opcode_ == 0xc4 || opcode_ == 0xc5 || opcode_ == 0x62) {
            read_vector_prefix(opcode_);
            return;
        }
        if (opcode_ != 0x0f) return;
        map_ = Map::secondary;
        opcode_ = take<unsigned char>();
        if (opcode_ != 0x38 && opcode_ != 0x3a) return;
        map_ = opcode_ == 0x38 ? Map::map38 : Map::map3a;
        opcode_ = take<unsigned char>();
    }

    bool has_modrm() const {
        switch (map_) {
            case Map::primary:
                return in_set(kPrimaryModRm, opcode_);
            case Map::secondary:
                return !in_set(kSecondaryWithoutModRm, opcode_);
            default:
                return true;
        }
    }

    bool wide() const { return (rex_ & 8) != 0; }
    std::uint8_t full_size() const { return wide() ? 8 : short_operand_ ? 2 : 4; }

    Operand general(int number, std::uint8_t size) const {
        Operand operand;
        operand.kind = Operand::Kind::general;
        operand.size = size;
        operand.base = number;
        if (size == 1 && rex_ == 0 && number >= 4 && number < 8) {
            operand.high_byte = true;
            operand.base -= 4;
        }
        return operand;
    }
    Operand number(std::uint64_t value) const {
        Operand operand;
        operand.kind = Operand::Kind::immediate;
        operand.size = 8;
        operand.value = value;
        return operand;
    }

    void read_modrm() {
        const auto modrm = take<unsigned char>();
        mode_ = modrm >> 6;
        reg_ = (modrm >> 3 & 7) + ((rex_ & 4) != 0 ? 8 : 0);
        rm_ = modrm & 7;
        if (mode_ == 3) {
            rm_ += (rex_ & 1) != 0 ? 8 : 0;
            return;
        }
        memory_.kind = Operand::Kind::memory;
        memory_.thread_local_segment = segment_;
        int base = rm_;
        if (rm_ == 4) {
            const auto sib = take<unsigned char>();
            base = sib & 7;
            const int index = (sib >> 3 & 7) + ((rex_ & 2) != 0 ? 8 : 0);
            if (index != 4) memory_.index = index;
            memory_.scale = static_cast<std::uint8_t>(1U << (sib >> 6));
        }
        const bool bare = mode_ == 0 && base == 5;
        if (!bare) memory_.base = base + ((rex_ & 1) != 0 ? 8 : 0);
        rip_relative_ = bare && rm_ == 5;
        if (mode_ == 1) memory_.value = sign_extended(take<std::int8_t>());
        if (mode_ == 2 || bare) memory_.value = sign_extended(take<std::int32_t>());
    }
    static std::uint64_t sign_extended(std::int64_t value) {
        return static_cast<std::uint64_t>(value);
    }

    Operand r(std::uint8_t size) const { return general(reg_, size); }
    Operand rm(std::uint8_t size) const {
        if (mode_ == 3) return general(rm_, size);
        Operand operand = memory_;
        operand.size = size;
        return operand;
    }

    void set(Opcode opcode, Operand destination = {}, Operand source = {}) {
        out_.opcode = opcode;
        out_.destination = destination;
        out_.source = source;
    }

    // The length of the rest of the instruction if it was not read.
    void skip_immediate() {
        if (immediate_read_) return;
        if (map_ == Map::map3a) take<unsigned char>();
        if (map_ == Map::secondary && in_set(kSecondaryImmediate, opcode_)) take<unsigned char>();
        if (map_ != Map::primary) return;
        switch (opcode_) {
            case 0xc2:
            case 0xca:
                take<std::uint16_t>();
                return;
            case 0xc8:
                take<std::uint16_t>();
                take<unsigned char>();
                return;
            case 0xa0:
            case 0xa1:
            case 0xa2:
            case 0xa3:
                short_address_ ? void(take<std::uint32_t>()) : void(take<std::uint64_t>());
                return;
            case 0x69:
                immediate_full();
                return;
            case 0x6b:
            case 0xc0:
            case 0xc1:
            case 0xcd:
            case 0xe4:
            case 0xe5:
            case 0xe6:
            case 0xe7:
                take<unsigned char>();
                return;
            default:
                return;
        }
    }

    std::uint64_t immediate_byte() {
        immediate_read_ = true;
        return sign_extended(take<std::int8_t>());
    }
    // Never longer than four bytes.
    std::uint64_t immediate_full() {
        immediate_read_ = true;
        if (full_size() == 2) return sign_extended(take<std::int16_t>());
        return sign_extended(take<std::int32_t>());
    }
    std::uint64_t immediate(std::uint8_t size) {
        return size == 1 ? immediate_byte() : immediate_full();
    }

    void branch(Opcode opcode, bool near) {
        immediate_read_ = true;
        relative_ = true;
        const std::int64_t distance =
            near ? std::int64_t{take<std::int8_t>()} : std::int64_t{take<std::int32_t>()};
        set(opcode, {}, number(sign_extended(distance)));
        out_.condition = opcode_ & 15;
    }

    static Opcode arithmetic(int which) {
        static constexpr std::array<Opcode, 8> kOpcodes = {
            Opcode::add,     Opcode::bit_or,   Opcode::other,   Opcode::other,
            Opcode::bit_and, Opcode::subtract, Opcode::bit_xor, Opcode::compare};
        return kOpcodes[static_cast<std::size_t>(which & 7)];
    }

    // Rows 0 to 3: eight operations in six forms.
    void arithmetic_row() {
        const Opcode opcode = arithmetic(opcode_ >> 3);
        const std::uint8_t size = (opcode_ & 1) != 0 ? full_size() : 1;
        switch (opcode_ & 7) {
            case 0:
            case 1:
                set(opcode, rm(size), r(size));
                break;
            case 2:
            case 3:
                set(opcode, r(size), rm(size));
                break;
            case 4:
            case 5:
                set(opcode, general(0, size), number(immediate(size)));
                break;
            default:
                failed_ = true;
        }
    }

    void primary() {
        if (opcode_ < 0x40) {
            arithmetic_row();
            return;
        }
        if ((opcode_ & 0xf0) == 0x70) {
            branch(Opcode::jump_if, true);
            return;
        }
        const int low = (opcode_ & 7) + ((rex_ & 1) != 0 ? 8 : 0);
        if ((opcode_ & 0xf0) == 0x50) {
            const Operand one = general(low, 8);
            opcode_ < 0x58 ? set(Opcode::push, {}, one) : set(Opcode::pop, one);
            return;
        }
        if ((opcode_ & 0xf0) == 0xb0) {
            const std::uint8_t size = opcode_ < 0xb8 ? 1 : full_size();
            immediate_read_ = true;
            const std::uint64_t value = size == 8 ? take<std::uint64_t>() : immediate(size);
            set(Opcode::move, general(low, size), number(value));
            return;
        }
        const std::uint8_t size = (opcode_ & 1) != 0 ? full_size() : 1;
        switch (opcode_) {
            case 0x63:
                set(Opcode::move_sign, r(full_size()), rm(4));
                break;
            case 0x68:
            case 0x6a:
                set(Opcode::push, {},
                    number(opcode_ == 0x68 ? immediate_full() : immediate_byte()));
                break;
            case 0x80:
            case 0x81:
            case 0x83:
                set(arithmetic(reg_), rm(size),
                    number(opcode_ == 0x81 ? immediate_full() : immediate_byte()));
                break;
            case 0x84:
            case 0x85:
                set(Opcode::test, rm(size), r(size));
                break;
            case 0x88:
            case 0x89:
                set(Opcode::move, rm(size), r(size));
                break;
            case 0x8a:
            case 0x8b:
                set(Opcode::move, r(size), rm(size));
                break;
            case 0x8d:
                set(Opcode::load_address, r(full_size()), rm(full_size()));
                break;
            case 0x8f:
                set(Opcode::pop, rm(8));
                break;
            case 0x90:
                if ((rex_ & 1) == 0) set(Opcode::nothing);
                break;
            case 0xa8:
            case 0xa9:
                set(Opcode::test, general(0, size), number(immediate(size)));
                break;
            case 0xc3:
            case 0xc2:
                set(Opcode::ret);
                break;
            case 0xc6:
            case 0xc7:
                set(Opcode::move, rm(size), number(immediate(size)));
                break;
            case 0xc9:
                set(Opcode::leave);
                break;
            case 0xcc:
            case 0xf4:
                set(Opcode::trap);
                break;
            case 0xe0:
            case 0xe1:
            case 0xe2:
            case 0xe3:
                branch(Opcode::loop, true);
                break;
            case 0xe8:
                branch(Opcode::call, false);
                break;
            case 0xe9:
            case 0xeb:
                branch(Opcode::jump, opcode_ == 0xeb);
                break;
            case 0xf6:
            case 0xf7:
                if ((reg_ & 7) <= 1) set(Opcode::test, rm(size), number(immediate(size)));
                break;
            case 0xfe:
            case 0xff:
                group5(size);
                break;
            case 0x06:
            case 0x07:
            case 0x0e:
            case 0x60:
            case 0x61:
            case 0x82:
            case 0x9a:
            case 0xce:
            case 0xd4:
            case 0xd5:
            case 0xd6:
            case 0xea:
                failed_ = true;  // not in 64-bit mode
                break;
            default:
                break;
        }
    }

    void group5(std::uint8_t size) {
        switch (reg_ & 7) {
            case 0:
                set(Opcode::increment, rm(size));
                break;
            case 1:
                set(Opcode::decrement, rm(size));
                break;
            case 2:
                set(Opcode::call_indirect, {}, rm(8));
                break;
            case 4:
                set(Opcode::jump_indirect, {}, rm(8));
                break;
            case 6:
                set(Opcode::push, {}, rm(8));
                break;
            default:
                break;
        }
    }

    void secondary() {
        out_.condition = opcode_ & 15;
        switch (opcode_ & 0xf0) {
            case 0x40:
                set(Opcode::move_if, r(full_size()), rm(full_size()));
                return;
            case 0x80:
                branch(Opcode::jump_if, false);
                return;
            case 0x90:
                set(Opcode::set_if, rm(1));
                return;
            default:
                break;
        }
        switch (opcode_) {
            case 0x0b:
                set(Opcode::trap);
                break;
            case 0x1e:  // endbr64 among them
            case 0x1f:
            case 0x18:
                set(Opcode::nothing);
                break;
            case 0xb6:
            case 0xb7:
                set(Opcode::move_zero, r(full_size()), rm(opcode_ == 0xb6 ? 1 : 2));
                break;
            case 0xbe:
            case 0xbf:
                set(Opcode::move_sign, r(full_size()), rm(opcode_ == 0xbe ? 1 : 2));
                break;
            default:
                break;
        }
    }

    // Of what is not evaluated: too much does no harm, too little would.
    void say_what_it_may_write() {
        const bool vector_general = vector_ && map_ != Map::secondary && opcode_ >= 0xf0;
        const bool multiplies =
            map_ == Map::primary && (opcode_ == 0xf6 || opcode_ == 0xf7 || opcode_ == 0x87);
        const bool several = map_ == Map::secondary && in_set(kSecondarySeveral, opcode_);
        const bool compares_strings = map_ == Map::map3a && (opcode_ & 0xfc) == 0x60;
        out_.wild = !has_modrm() || vector_general || multiplies || several || compares_strings;
        if (!has_modrm()) return;
        out_.destination = rm(8);
        const bool general = map_ == Map::primary     ? !in_set(kPrimaryGroups, opcode_)
                             : map_ == Map::secondary ? !in_set(kSecondaryNotGeneral, opcode_)
                                                      : opcode_ >= 0xf0;
        if (general) out_.source = r(8);
    }

    std::span<const unsigned char> bytes_;
    std::uint64_t address_;
    std::size_t at_ = 0;
    bool failed_ = false;
    bool short_operand_ = false;
    bool short_address_ = false;
    bool segment_ = false;
    bool vector_ = false;
    bool rip_relative_ = false;
    bool relative_ = false;
    bool immediate_read_ = false;
    unsigned char rex_ = 0;
    unsigned char opcode_ = 0;
    Map map_ = Map::primary;
    unsigned mode_ = 3;
    int reg_ = 0;
    int rm_ = 0;
    Operand memory_;
    Instruction out_;
};

}  // namespace

std::optional<Instruction> decode(std::span<const unsigned char> bytes, std::uint64_t address) {
    return Decoder(bytes, address).run();
}

}  // namespace threadfault::diagnose
