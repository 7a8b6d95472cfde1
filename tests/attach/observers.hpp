// Threads that stand in calls which a stop would end early, one in each: what they see of it.
#ifndef THREADFAULT_TESTS_ATTACH_OBSERVERS_HPP
#define THREADFAULT_TESTS_ATTACH_OBSERVERS_HPP

#include <atomic>

// Before there is any thread. Each is named after its call, beginning with "in-"; an EINTR is
// counted, and told on the standard error. All signals but libc's own are blocked in them.
void start_observers(std::atomic<unsigned long>* interrupted);

#endif  // THREADFAULT_TESTS_ATTACH_OBSERVERS_HPP
