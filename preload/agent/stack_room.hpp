// Is there room on a victim's stack for what is to run on it? Judged before anything does: an
// overflow is the program's end. Used by the helper thread only; raw system calls only.
//
// What is proven: of a thread that waits in the kernel, the room at the moment of the look, by its
// stack pointer. It may go on before the signal comes, and be deeper then: the handler judges again
// before it calls anything (faults/victim.cpp), but by then the kernel's frame is there. Of a
// running thread nobody outside knows the stack pointer. A large stack is believed to have room, as
// it would be for a signal of the program's own; of a small one the lowest part must be as the
// kernel gave it, all zero, so that the thread has never been as deep. Main's must not have grown
// to where its limit is near.
// The alternate stack is the one that the thread has set by sigaltstack(3); what is set by direct
// system calls is not known before the first handler has run there.
#ifndef THREADFAULT_PRELOAD_STACK_ROOM_HPP
#define THREADFAULT_PRELOAD_STACK_ROOM_HPP

#include "preload/registry/registry.hpp"
#include "wire/wire.hpp"

#include <sys/types.h>

#include <cstdint>

namespace threadfault::shim {

struct StackVerdict {
    bool enough = true;
    wire::StackRoom room;  // of the stack that is short of it
};

// Room for one of our handlers (SA_ONSTACK) to inflict `fault` on that thread. `record` may be
// nullptr: then the thread's bounds are what can be read around its stack pointer.
StackVerdict stack_room_for(wire::Fault fault, bool anywhere, pid_t tid,
                            const Record* record) noexcept;

// Room for pthread_cancel of that thread, whose handler is glibc's and runs on the thread's own
// stack. A thread that is not signalled acts at a cancellation point, where it needs a little less;
// how deep that will be nobody knows, so it is judged by where it is now.
StackVerdict stack_room_to_cancel(pid_t tid, const Record* record) noexcept;

// The most that the kernel puts on a stack to call a handler.
std::uint32_t signal_frame_size() noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_STACK_ROOM_HPP
