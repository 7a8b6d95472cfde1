// Loops that pass the time by reading a clock, without a system call.
#ifndef THREADFAULT_DIAGNOSE_CLOCK_LOOP_HPP
#define THREADFAULT_DIAGNOSE_CLOCK_LOOP_HPP

#include "observe/cpu_samples.hpp"
#include "observe/memory.hpp"

#include <cstdint>
#include <span>

namespace threadfault::diagnose {

// The kernel's code in the process ([vdso] of /proc/<pid>/maps), which reads the clocks.
struct KernelCode {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool contains(std::uint64_t address) const noexcept {
        return address >= begin && address < end;
    }
};

// Does the thread spend at least half of its time in reading a clock (the kernel's code for that,
// or an instruction), and in pauses between two looks at it? What it computes beside that is no
// more than whether the time is over.
bool mostly_reads_the_clock(const observe::Memory& memory, KernelCode kernel,
                            std::span<const observe::CpuSample> samples);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_CLOCK_LOOP_HPP
