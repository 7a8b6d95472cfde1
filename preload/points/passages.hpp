// A sweep's part of the shim: which points the threads pass, and the one fault of an experiment.
// See wire/passages.hpp for what both ends share.
//
// All of it runs in the calling thread, at its call. Nothing is allocated and no lock is taken but
// the loader's, when a library was loaded since the last look. Does nothing unless the process was
// started by a sweep.
#ifndef THREADFAULT_PRELOAD_PASSAGES_HPP
#define THREADFAULT_PRELOAD_PASSAGES_HPP

#include "inject/calls.hpp"
#include "preload/points/rules.hpp"
#include "wire/passages.hpp"

#include <atomic>
#include <cstdint>

namespace threadfault::shim {

// Are passages recorded in this process?
extern std::atomic<bool> passages_recorded;

// One call of one thread, from before it to after it. Trivial: it may be left by unwinding.
struct Passage {
    wire::PassageThread* thread = nullptr;  // nullptr: it is not recorded
    std::uint64_t stack = 0;
    const void* lock = nullptr;
    bool chosen = false;   // the experiment is about this very passage
    bool instead = false;  // and puts `effect` in the place of the call
    Effect effect;
};

// When the shim is loaded: maps the file that THREADFAULT_PASSAGES names.
void map_passages() noexcept;
// In the thread that is about to make the process's first thread, or any other.
void claim_passages() noexcept;
void forget_passages_after_fork() noexcept;

// Before the call, with its first argument where that is a pointer. Need not return.
[[gnu::noinline]] void enter_passage(Passage* passage, inject::Call call, const void* first);
// After it. `succeeded`: it returned 0, or took the lock of a dead owner.
void leave_passage(const Passage& passage, inject::Call call, bool succeeded);

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_PASSAGES_HPP
