// Does a thread that burns CPU only spin? From samples of its registers and from the code that they
// lie in.
#ifndef THREADFAULT_DIAGNOSE_SPIN_LOOP_HPP
#define THREADFAULT_DIAGNOSE_SPIN_LOOP_HPP

#include "observe/cpu_samples.hpp"
#include "observe/memory.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace threadfault::diagnose {

// From fewer samples nothing is concluded.
inline constexpr std::size_t kSamplesToJudge = 60;

struct SpinFinding {
    enum class Kind : std::uint8_t {
        // It comes back to where it was with nothing changed: the same few states of its registers
        // again and again, no system call but sched_yield, and what the loop writes to memory does
        // not move on either.
        spins,
        gets_on,
        unknown,  // too few samples, or code that can't be read
    };
    Kind kind = Kind::unknown;
    std::uint64_t place = 0;   // spins: an address in the loop, or in a function that it calls
    std::uint64_t caller = 0;  // where that is called from, if it seems to be a function's; else 0
};

// Looks at the memory that the loop writes several times, some tens of milliseconds in all.
//
// What it can't know: a loop without a store whose only state is in vector registers counts as one
// that gets on, and so does a loop that counts its own turns, unless it only passes the time with
// `pause` instructions between two looks.
SpinFinding find_spin(const observe::Memory& memory, std::span<const observe::CpuSample> samples);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_SPIN_LOOP_HPP
