// The code of the loops that sampled instructions lie in.
#ifndef THREADFAULT_DIAGNOSE_LOOP_CODE_HPP
#define THREADFAULT_DIAGNOSE_LOOP_CODE_HPP

#include "diagnose/instruction.hpp"
#include "observe/memory.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace threadfault::diagnose {

struct LoopCode {
    bool whole = true;            // false: some of it can't be read, or is too much
    bool vectors = false;         // computes in vector or x87 registers
    std::vector<Operand> writes;  // in memory; addresses relative to the code are absolute already
    // Instructions of loops that only pass the time: they have a pause in them, call nothing and
    // write nothing outside of their own frame. What they count is no progress, and not in
    // `writes`.
    std::set<std::uint64_t> delays;
    // The registers by which a turn through that instruction reads or writes memory.
    std::map<std::uint64_t, std::set<int>> address_registers;
};

// Functions that are called in a loop belong to it as far as they were sampled.
LoopCode code_of_loops(const observe::Memory& memory, const std::set<std::uint64_t>& sampled);

// Does the code from there on, without what it calls, come to that address?
bool leads_to(const observe::Memory& memory, std::uint64_t from, std::uint64_t address);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_LOOP_CODE_HPP
