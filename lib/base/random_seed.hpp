// A number that differs from call to call.
#ifndef THREADFAULT_BASE_RANDOM_SEED_HPP
#define THREADFAULT_BASE_RANDOM_SEED_HPP

#include <cstdint>

namespace threadfault::base {

// Not std::random_device: linked into a program it asks for the libc that libstdc++ was made for.
std::uint64_t random_seed() noexcept;

}  // namespace threadfault::base

#endif  // THREADFAULT_BASE_RANDOM_SEED_HPP
