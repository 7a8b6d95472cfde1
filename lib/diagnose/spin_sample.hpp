// What the code around one sample of a running thread says. Each machine has its own (x86_64/,
// aarch64/).
#ifndef THREADFAULT_DIAGNOSE_SPIN_SAMPLE_HPP
#define THREADFAULT_DIAGNOSE_SPIN_SAMPLE_HPP

#include "observe/cpu_samples.hpp"
#include "observe/memory.hpp"

#include <cstdint>
#include <optional>

namespace threadfault::diagnose {

// The number of the system call that the thread is in or has just come back from. -1: it is in
// none; -2: in one whose number can't be told.
long system_call_of(const observe::Memory& memory, const observe::CpuSample& sample);

// An address in the call by which the function that the thread is in has been called; std::nullopt:
// it can't be told.
std::optional<std::uint64_t> caller_of(const observe::Memory& memory,
                                       const observe::CpuSample& sample);

// Is there an instruction that reads a clock, or one that only passes the time, or does the place
// lie behind one? A sample may lie at either.
bool is_clock(const observe::Memory& memory, std::uint64_t place);
bool is_pause(const observe::Memory& memory, std::uint64_t place);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_SPIN_SAMPLE_HPP
