// What a thread knows of itself at a call, for thread=.
#ifndef THREADFAULT_PRELOAD_THREAD_FACTS_HPP
#define THREADFAULT_PRELOAD_THREAD_FACTS_HPP

#include "inject/rule.hpp"

namespace threadfault::shim {

// False: the calling thread is the agent's, which is immune. Async-signal-safe.
bool learn_facts(inject::ThreadFacts* facts) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_THREAD_FACTS_HPP
