// The two futex operations that a wait queue needs, and the question whether a thread lives.
#ifndef THREADFAULT_DEMO_WAIT_QUEUE_FUTEX_HPP
#define THREADFAULT_DEMO_WAIT_QUEUE_FUTEX_HPP

#include <sys/types.h>

#include <atomic>
#include <cstdint>

namespace wait_queue {

using FutexWord = std::atomic<std::uint32_t>;

// Sleeps while the word has this value; may return for no reason. A cancellation point.
// Not noexcept, and in a file of its own: the caller must have landing pads around it.
void futex_wait(FutexWord& word, std::uint32_t value);

void futex_wake(FutexWord& word);

// Does the kernel still know this thread of this process?
bool is_alive(pid_t tid);

}  // namespace wait_queue

#endif  // THREADFAULT_DEMO_WAIT_QUEUE_FUTEX_HPP
