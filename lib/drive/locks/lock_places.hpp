// Internal to the lock graph: where an object without a name lies.
#ifndef THREADFAULT_DRIVE_LOCKS_LOCK_PLACES_HPP
#define THREADFAULT_DRIVE_LOCKS_LOCK_PLACES_HPP

#include "observe/symbols.hpp"

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>

namespace threadfault::drive {

struct ThreadList;

class LockPlaces {
public:
    // `symbols` must outlive it. Of the threads it needs the system calls.
    LockPlaces(observe::Symbols& symbols, const ThreadList& list);

    // "libfoo.so+0x4040", "heap", "stack of 123"; "" unknown.
    std::string of(std::uint64_t address);

private:
    observe::Symbols& symbols_;
    std::map<std::uint64_t, pid_t> tops_;  // of the threads' stacks
};

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_LOCKS_LOCK_PLACES_HPP
