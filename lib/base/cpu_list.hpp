// Lists of CPUs as taskset(1) takes them: "0,2-3".
#ifndef THREADFAULT_BASE_CPU_LIST_HPP
#define THREADFAULT_BASE_CPU_LIST_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace threadfault::base {

inline constexpr std::size_t kCpuWords = 16;
inline constexpr unsigned kMostCpus = kCpuWords * 64;

// Bit N is CPU N.
using CpuSet = std::array<std::uint64_t, kCpuWords>;

// False: `wrong` is the part of the list that is none.
bool parse_cpu_list(std::string_view list, CpuSet* cpus, std::string_view* wrong) noexcept;

}  // namespace threadfault::base

#endif  // THREADFAULT_BASE_CPU_LIST_HPP
