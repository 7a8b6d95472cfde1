#pragma once

#include <cstdint>

namespace threadfault::observe {

/// An object's address as what is read from outside gives it.
inline std::uint64_t address_of(const void* object) {
    return reinterpret_cast<std::uint64_t>(object);
}

}  // namespace threadfault::observe
