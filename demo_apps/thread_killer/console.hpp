#ifndef THREADFAULT_DEMO_THREAD_KILLER_CONSOLE_HPP
#define THREADFAULT_DEMO_THREAD_KILLER_CONSOLE_HPP

#include "crew.hpp"

namespace thread_killer {

// Reads commands from standard input until its end or `quit`.
void converse(Crew& crew);

// Asks the threads everything, ends them in every way, and checks each answer against what the
// threads say of themselves. True when all answers were right in all rounds.
bool run_workload(int rounds);

}  // namespace thread_killer

#endif  // THREADFAULT_DEMO_THREAD_KILLER_CONSOLE_HPP
