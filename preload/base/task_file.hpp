// What the agent reads of /proc/self/task. Raw system calls only.
#ifndef THREADFAULT_PRELOAD_TASK_FILE_HPP
#define THREADFAULT_PRELOAD_TASK_FILE_HPP

#include <sys/types.h>

namespace threadfault::shim {

// The thread's state letter (proc(5)), '?' when it can't be read.
char task_state(pid_t tid) noexcept;

// Is it a worker that the kernel has made for io_uring ("iou-wrk-…", "iou-sqp-…")?
bool is_kernel_worker(pid_t tid) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_TASK_FILE_HPP
