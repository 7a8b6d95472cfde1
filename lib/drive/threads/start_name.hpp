// Names of start routines. Many threads share one: each is looked up once.
#ifndef THREADFAULT_DRIVE_THREADS_START_NAME_HPP
#define THREADFAULT_DRIVE_THREADS_START_NAME_HPP

#include "observe/process.hpp"
#include "observe/symbols.hpp"

#include <set>
#include <string>
#include <unordered_map>

namespace threadfault::drive {

class StartNames {
public:
    StartNames(const observe::Process& process, observe::Symbols& symbols);
    // For std::thread and its like the callable that libstdc++ starts: a function's name, or the
    // type of a lambda or another object ("main::{lambda()#1}"). "worker_libevent", "module+0x1234"
    // where no symbol covers the routine, "" when unmapped.
    const std::string& name(std::uint64_t routine, std::uint64_t argument);
    // libstdc++'s own routine, whose callable is not known (any more): every std::thread has it.
    static bool is_trampoline(const std::string& name);

private:
    std::string callable_of(std::uint64_t state);

    const observe::Process& process_;
    observe::Symbols& symbols_;
    std::unordered_map<std::uint64_t, std::string> names_;
    std::set<std::string> callables_;
};

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_THREADS_START_NAME_HPP
