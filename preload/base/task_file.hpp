// What the agent reads of /proc/self/task. Raw system calls only.
#ifndef THREADFAULT_PRELOAD_TASK_FILE_HPP
#define THREADFAULT_PRELOAD_TASK_FILE_HPP

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace threadfault::shim {

// The thread's state letter (proc(5)), '?' when it can't be read.
char task_state(pid_t tid) noexcept;

// Its start time, in clock ticks since the boot: with the tid it names one thread. 0: it has ended.
std::uint64_t task_start(pid_t tid) noexcept;

// Is it a worker that the kernel has made for io_uring ("iou-wrk-…", "iou-sqp-…")?
bool is_kernel_worker(pid_t tid) noexcept;

// The stack pointer with which the thread has entered the kernel, as /proc/<pid>/task/<tid>/syscall
// tells it of a thread that waits there. False: the thread runs, or the file can't be read.
bool waiting_stack_pointer(pid_t tid, std::uint64_t* out) noexcept;

// Takes it out of that file's text: "running", or numbers of which the last two are the stack
// pointer and the instruction pointer.
bool parse_stack_pointer(const char* text, std::size_t size, std::uint64_t* out) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_TASK_FILE_HPP
