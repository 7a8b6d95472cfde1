// The locks that would stay behind if a thread ended where it is: those that it has in hand, as far
// as its stack, the program's variables and the waiters tell, and who on its way up releases them.
#ifndef THREADFAULT_DIAGNOSE_LOCKS_AT_STAKE_HPP
#define THREADFAULT_DIAGNOSE_LOCKS_AT_STAKE_HPP

#include "diagnose/backtrace.hpp"
#include "diagnose/unwinding.hpp"
#include "drive/threads/thread_view.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::diagnose {

struct LockAtStake {
    drive::HeldLock lock;      // waiters: so far
    bool stream = false;       // of a FILE: `lock.address` is that of the FILE
    bool standard = false;     // of stdin, stdout or stderr
    bool taken_again = false;  // the mutex of the condition variable that it waits for
    bool robust = false;       // the next one is told that the owner has died
};

// Of one process: its variables are looked through once, for all threads. glibc's layouts of 2.34
// and later.
class LocksAtStake {
public:
    explicit LocksAtStake(Backtraces& backtraces) : backtraces_(backtraces) {}
    // `thread` with what others wait for (add_holdings).
    std::vector<LockAtStake> of(const drive::ThreadView& thread, const Backtrace& trace);

private:
    Backtraces& backtraces_;
    // By owner: addresses of mutexes among the variables.
    std::optional<std::multimap<pid_t, std::uint64_t>> in_variables_;
};

enum class Release : std::uint8_t { nobody, perhaps, surely };

struct Releaser {
    Release how = Release::nobody;
    std::string who;  // "the clean-up of f, file.cpp:3"; "" when nothing releases it
};

// Which of the frames that clean up releases it.
Releaser releaser_of(Backtraces& backtraces, const Backtrace& trace, const UnwindOutlook& outlook,
                     const LockAtStake& lock);

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_LOCKS_AT_STAKE_HPP
