// The one register that unwinding needs besides those that /proc/<pid>/task/<tid>/syscall shows.
#ifndef THREADFAULT_OBSERVE_FRAME_POINTERS_HPP
#define THREADFAULT_OBSERVE_FRAME_POINTERS_HPP

#include "observe/loaded_modules.hpp"
#include "observe/memory.hpp"
#include "observe/process.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace threadfault::observe {

struct FramePointer {
    enum class Known {
        unknown,  // it is needed, or it can't be told whether it is
        found,
        not_needed,  // each frame ends by the stack pointer, or one further in has saved it
    };
    Known known = Known::unknown;
    std::uint64_t value = 0;
};

// Of one process. Not thread-safe. Files are opened when they are first needed, each once.
class FramePointers {
public:
    FramePointers(const Process& process, const Memory& memory);
    // With the process's modules, where they are known already.
    FramePointers(const Process& process, const Memory& memory, std::vector<LoadedModule> modules);
    ~FramePointers();
    FramePointers(const FramePointers&) = delete;
    FramePointers& operator=(const FramePointers&) = delete;

    // Of a thread that is in `call`; `stack`: what stands from its stack pointer on.
    FramePointer of(const TaskSyscall& call, std::span<const std::uint64_t> stack);

private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_FRAME_POINTERS_HPP
