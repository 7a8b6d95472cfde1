// What a C++ function does with an unwinding thread, from its language-specific data area.
#ifndef THREADFAULT_DIAGNOSE_LSDA_HPP
#define THREADFAULT_DIAGNOSE_LSDA_HPP

#include "diagnose/remote_memory.hpp"
#include "diagnose/unwinder.hpp"

#include <cstdint>

namespace threadfault::diagnose {

enum class OnUnwind : std::uint8_t {
    passes,      // nothing of it is run
    cleans_up,   // destructors; which of a landing pad's code is run, its selector decides
    catches,     // catch (...), or catch (abi::__forced_unwind&)
    terminates,  // an exception specification: std::terminate
    // The table has no entry for the instruction, which means std::terminate: a call in a noexcept
    // function, or an instruction that no exception can come from, as a compiler sees it.
    not_covered,
    unknown,  // the table can't be read
};

struct UnwindEffect {
    OnUnwind what = OnUnwind::passes;
    std::uint64_t landing_pad = 0;  // where its code begins; 0: none
    bool by_name = false;           // catches: by catch (abi::__forced_unwind&)
    std::int64_t selector = 0;      // what the landing pad gets in rdx; 0: clean up
    bool mixed = false;             // cleans_up: the landing pad has catch clauses, too
};

// For a frame that is at `ip` (the place of the call, not the return address). Forced unwinding is
// what pthread_exit and cancellation do; the rules are those of __gxx_personality_v0 (GCC,
// libstdc++-v3/libsupc++/eh_personality.cc), which Clang's and Rust's tables keep to. Functions
// without a personality let everything pass.
UnwindEffect effect_of_forced_unwind(RemoteMemory& memory, const FunctionInfo& function,
                                     std::uint64_t ip);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_LSDA_HPP
