// One request to one victim: what it is to do to itself, and what it answers.
#ifndef THREADFAULT_PRELOAD_VICTIM_HPP
#define THREADFAULT_PRELOAD_VICTIM_HPP

#include "wire/wire.hpp"

#include <pthread.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>

namespace threadfault::shim {

union Findings;

// What the victim has found or is about to do; written by its handler, read by the agent.
enum class Act : std::uint32_t {
    none,
    stranger,   // this is not the thread that was meant (another serial): nothing was done
    misplaced,  // not a safe point: nothing was done
    cramped,    // too little of the stack is left, `room` says how little: nothing was done
    looked,
    ending,     // the next thing that the victim does is to end; it does not look here any more
    named,      // cancel, of a thread without a record: `thread` says whom to cancel
    cancelled,  // pthread_cancel has returned: it will act at a cancellation point, if ever
    held,       // the fault has begun and lasts; it does not look here any more
};

// One request to one victim. Lives as long as the victim may look at it.
struct VictimTask {
    // set by the agent
    wire::Fault fault{};
    bool anywhere = false;
    std::uint64_t serial = 0;      // 0: any thread with that tid
    std::int64_t duration_ns = 0;  // freeze, delay, spin; 0: until let go
    Findings* findings = nullptr;  // where to
    // What is left of the stack below the handler, if the agent knows: main's may grow into what is
    // not mapped yet.
    std::uint32_t reckoned = 0;

    // set by the victim
    std::atomic<Act> act{Act::none};
    wire::Place place{};
    wire::StackRoom room{};  // without the frame, which is there already
    std::uint32_t cancel = wire::kCancelUnknown;
    std::uint32_t frame_count = 0;  // how many of them in `findings`
    pthread_t thread{};
};

// execute::Function: `task` is a VictimTask. Runs in the handler on the victim; for `exit` and its
// like it does not return.
void act_on_self(void* task, void* context);

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_VICTIM_HPP
