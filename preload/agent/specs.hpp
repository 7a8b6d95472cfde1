// Answers to requests about call faults.
#ifndef THREADFAULT_PRELOAD_SPECS_HPP
#define THREADFAULT_PRELOAD_SPECS_HPP

#include <cstddef>
#include <cstdint>

namespace threadfault::shim {

// `packet` holds a checked request of type arm, specs or disarm; the reply to `request` takes its
// place. Returns the reply's size. Helper thread only.
std::size_t answer_about_specs(std::uint32_t request, char* packet, std::size_t room) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_SPECS_HPP
