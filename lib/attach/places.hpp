// Where a stopped thread is: at a place where it may be ended?
#ifndef THREADFAULT_ATTACH_PLACES_HPP
#define THREADFAULT_ATTACH_PLACES_HPP

#include "arch/traced.hpp"
#include "diagnose/unwinder.hpp"
#include "observe/process.hpp"
#include "observe/symbols.hpp"
#include "wire/wire.hpp"

#include <cstdint>
#include <vector>

namespace threadfault::attach {

// Of one process, as it is now. Not thread-safe.
class Places {
public:
    explicit Places(const observe::Process& process);

    struct Where {
        wire::Place place = wire::Place::unknown;
        std::vector<std::uint64_t> frames;  // instruction pointers, innermost first
    };
    // `descriptor`: of the thread, as streams' locks name their owner.
    Where where(const arch::Traced& registers, std::uint64_t descriptor);

private:
    wire::Place place_of(std::uint64_t address);
    bool holds_stream(std::uint64_t descriptor);

    const observe::Memory memory_;
    diagnose::Unwinder unwinder_;
    observe::Symbols symbols_;
    std::vector<std::uint64_t> stream_locks_;
    std::uint64_t allocator_begin_ = 0;  // of libc's source file; both 0: not known
    std::uint64_t allocator_end_ = 0;
};

}  // namespace threadfault::attach

#endif  // THREADFAULT_ATTACH_PLACES_HPP
