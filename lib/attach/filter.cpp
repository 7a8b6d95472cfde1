#include "attach/filter.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

namespace threadfault::attach {
namespace {

class Machine {
public:
    explicit Machine(const seccomp_data& call) : call_(call) {}

    // What the program returns; nothing: it is none.
    std::optional<std::uint32_t> run(std::span<const sock_filter> program) {
        // Jumps lead forward alone.
        for (std::size_t at = 0; at < program.size(); ++at) {
            const sock_filter& step = program[at];
            switch (BPF_CLASS(step.code)) {
                case BPF_RET:
                    return BPF_RVAL(step.code) == BPF_A ? a_ : step.k;
                case BPF_JMP:
                    at += BPF_OP(step.code) == BPF_JA ? step.k : holds(step) ? step.jt : step.jf;
                    break;
                case BPF_ALU:
                    if (!compute(step)) return std::nullopt;
                    break;
                case BPF_MISC:
                    (BPF_MISCOP(step.code) == BPF_TAX ? x_ : a_) =
                        BPF_MISCOP(step.code) == BPF_TAX ? a_ : x_;
                    break;
                default:
                    if (!move(step)) return std::nullopt;
            }
        }
        return std::nullopt;
    }

private:
    bool holds(const sock_filter& step) const {
        const std::uint32_t other = BPF_SRC(step.code) == BPF_X ? x_ : step.k;
        switch (BPF_OP(step.code)) {
            case BPF_JEQ:
                return a_ == other;
            case BPF_JGT:
                return a_ > other;
            case BPF_JGE:
                return a_ >= other;
            default:
                return (a_ & other) != 0;  // BPF_JSET
        }
    }

    bool compute(const sock_filter& step) {
        const std::uint32_t other = BPF_SRC(step.code) == BPF_X ? x_ : step.k;
        switch (BPF_OP(step.code)) {
            case BPF_ADD:
                a_ += other;
                return true;
            case BPF_SUB:
                a_ -= other;
                return true;
            case BPF_MUL:
                a_ *= other;
                return true;
            case BPF_DIV:
                if (other != 0) a_ /= other;
                return other != 0;
            case BPF_AND:
                a_ &= other;
                return true;
            case BPF_OR:
                a_ |= other;
                return true;
            case BPF_XOR:
                a_ ^= other;
                return true;
            case BPF_LSH:
                if (other < 32) a_ <<= other;
                return other < 32;
            case BPF_RSH:
                if (other < 32) a_ >>= other;
                return other < 32;
            case BPF_NEG:
                a_ = 0 - a_;
                return true;
            default:
                return false;
        }
    }

    bool move(const sock_filter& step) {
        std::uint32_t& to = BPF_CLASS(step.code) == BPF_LDX ? x_ : a_;
        switch (BPF_CLASS(step.code)) {
            case BPF_ST:
                if (step.k < memory_.size()) memory_[step.k] = a_;
                return step.k < memory_.size();
            case BPF_STX:
                if (step.k < memory_.size()) memory_[step.k] = x_;
                return step.k < memory_.size();
            default:
                break;
        }
        switch (BPF_MODE(step.code)) {
            case BPF_IMM:
                to = step.k;
                return true;
            case BPF_LEN:
                to = sizeof call_;
                return true;
            case BPF_MEM:
                if (step.k < memory_.size()) to = memory_[step.k];
                return step.k < memory_.size();
            case BPF_ABS:
                if (step.k > sizeof call_ - sizeof to) return false;
                std::memcpy(&to, reinterpret_cast<const char*>(&call_) + step.k, sizeof to);
                return true;
            default:
                return false;
        }
    }

    const seccomp_data& call_;
    std::uint32_t a_ = 0;
    std::uint32_t x_ = 0;
    std::array<std::uint32_t, BPF_MEMWORDS> memory_{};
};

}  // namespace

bool filter_allows(std::span<const sock_filter> program, const seccomp_data& call) {
    const auto result = Machine(call).run(program);
    if (!result) return false;
    const std::uint32_t action = *result & SECCOMP_RET_ACTION_FULL;
    return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

}  // namespace threadfault::attach
