// Does a thread that burns CPU only spin? From samples of its registers and from the code that they
// lie in.
#ifndef THREADFAULT_DIAGNOSE_SPIN_LOOP_HPP
#define THREADFAULT_DIAGNOSE_SPIN_LOOP_HPP

#include "diagnose/clock_loop.hpp"
#include "observe/cpu_samples.hpp"
#include "observe/memory.hpp"
#include "observe/run_counter.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace threadfault::diagnose {

// From fewer samples nothing is concluded.
inline constexpr std::size_t kSamplesToJudge = 60;

struct SpinFinding {
    enum class Kind : std::uint8_t {
        // It comes back to where it was with nothing changed but a count of its turns: the same few
        // states of its registers again and again, no system call but sched_yield, and what the
        // loop writes to memory does not move on either. Or it mostly reads a clock.
        spins,
        gets_on,
        unknown,  // too few samples, or code that can't be read
    };
    Kind kind = Kind::unknown;
    // spins: addresses in the loop, or in functions that it calls, the most frequent first.
    std::vector<std::uint64_t> places{};
    std::uint64_t caller = 0;  // where the first is called from, if it seems to be a function's
};

// What is known of the thread beside its samples.
struct SpinSurroundings {
    KernelCode kernel_code;
    std::optional<std::uint64_t> thread_pointer;  // observe::thread_pointer()
    // Of the thread: what it writes is worth a look only after it has run.
    const observe::RunCounter* runs = nullptr;
};

// Looks at the memory that the loop writes several times, some tens of milliseconds in all, or up
// to a second of a thread that seldom gets a CPU.
//
// What it can't know: a loop without a store whose only state is in vector registers counts as one
// that gets on, and so does one that counts its turns where other threads may see the count.
SpinFinding find_spin(const observe::Memory& memory, std::span<const observe::CpuSample> samples,
                      const SpinSurroundings& around);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_SPIN_LOOP_HPP
