// Waits for pipes, sockets, event descriptors and message queues: can anybody outside of the
// process end them?
#ifndef THREADFAULT_OBSERVE_CHANNELS_HPP
#define THREADFAULT_OBSERVE_CHANNELS_HPP

#include "observe/memory.hpp"
#include "observe/process.hpp"

#include <memory>

namespace threadfault::observe {

enum class Reach {
    outside,  // another process, the kernel or a clock may end the wait; or it is no such wait
    unknown,  // both ends are in this process, and perhaps in another one, too
    inside,   // every end is in this process, and the wait has no time limit
};

// Of one process, as it is now; for one look. The whole machine's open files are looked through
// when the first wait is found that has both of its ends in the process.
class Channels {
public:
    // Both must outlive it.
    Channels(const Process& process, const Memory& memory);
    ~Channels();
    Channels(const Channels&) = delete;
    Channels& operator=(const Channels&) = delete;

    Reach reach(pid_t tid, const TaskSyscall& call);

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_CHANNELS_HPP
