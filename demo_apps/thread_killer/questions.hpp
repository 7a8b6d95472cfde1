// What one thread can be asked, by running a function on it. No debugger, no shim: libthreadfault
// queues one signal to exactly that thread and the answer is computed there.
#ifndef THREADFAULT_DEMO_THREAD_KILLER_QUESTIONS_HPP
#define THREADFAULT_DEMO_THREAD_KILLER_QUESTIONS_HPP

#include <pthread.h>
#include <sys/resource.h>
#include <threadfault/execute.hpp>

#include <array>
#include <map>
#include <string>
#include <vector>

namespace thread_killer {

// An answer, or the reason why there is none.
template <typename Value>
struct Answer {
    threadfault::ExecuteResult result = threadfault::ExecuteResult::invalid;
    Value value{};

    bool ok() const { return result == threadfault::ExecuteResult::done; }
};

struct Trace {
    std::array<void*, 32> frames{};
    int depth = 0;
};

// Loads what backtrace() and pthread_exit() need, now rather than in a signal handler: the first
// call of either goes through the loader, whose lock the interrupted thread may hold.
void prepare_questions();

// The tids of this process, in ascending order.
std::vector<pid_t> tids();
// Name of a thread of this process.
std::string thread_name(pid_t tid);
// Signal 0 reaches nobody: the kernel only says whether the thread is there.
bool exists(pid_t tid);

// Returns once that thread sleeps, at the latest after two tenths of a second. An answer comes from
// inside its signal handler; until it is back in the call that the handler interrupted, the
// pthread_cancel of glibc 2.41 and newer does not end that call.
void let_it_sleep(pid_t tid);

Answer<pthread_t> pthread_of(pid_t tid);
Answer<rusage> usage_of(pid_t tid);
Answer<Trace> trace_of(pid_t tid);
// Ends the thread by its own call of pthread_exit, wherever it is. ended_inside is success.
threadfault::ExecuteResult exit_on(pid_t tid);

// Every thread that answers.
std::map<pid_t, pthread_t> map_threads();

// One line a frame. Not for signal handlers.
std::vector<std::string> describe(const Trace& trace);

}  // namespace thread_killer

#endif  // THREADFAULT_DEMO_THREAD_KILLER_QUESTIONS_HPP
