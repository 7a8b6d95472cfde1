// "0,2-3", as taskset(1) writes it.
#ifndef THREADFAULT_HARNESS_CPU_LIST_HPP
#define THREADFAULT_HARNESS_CPU_LIST_HPP

#include "wire/wire.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace threadfault::target {

// Throws Error{usage}.
std::array<std::uint64_t, wire::kCpuWords> parse_cpu_list(std::string_view list);

}  // namespace threadfault::target

#endif  // THREADFAULT_HARNESS_CPU_LIST_HPP
