#include "base/random_seed.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <chrono>

namespace threadfault::base {

std::uint64_t random_seed() noexcept {
    std::uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) == static_cast<ssize_t>(sizeof seed)) return seed;
    // A seccomp filter forbids it: time and process have to do.
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    return static_cast<std::uint64_t>(now) * 0x9e3779b97f4a7c15U +
           static_cast<std::uint64_t>(getpid());
}

}  // namespace threadfault::base
