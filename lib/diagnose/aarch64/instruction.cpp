#include "diagnose/instruction.hpp"

// Not read yet: what a handler's code does is not known here, and who asks says so.

namespace threadfault::diagnose {

std::optional<Instruction> decode(std::span<const unsigned char> /*bytes*/,
                                  std::uint64_t /*address*/) {
    return std::nullopt;
}

}  // namespace threadfault::diagnose
