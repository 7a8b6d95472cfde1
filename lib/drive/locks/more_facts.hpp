// What a listing learns only when it is asked for: it costs a signal to each thread, or the graph
// of all locks.
#ifndef THREADFAULT_DRIVE_LOCKS_MORE_FACTS_HPP
#define THREADFAULT_DRIVE_LOCKS_MORE_FACTS_HPP

#include "drive/locks/lock_graph.hpp"
#include "drive/threads/thread_view.hpp"

namespace threadfault::drive {

// ThreadView::on_stack: names without parameters of the innermost functions (wire::kMaxFrames),
// looked up on the threads by the agent. A thread that does not answer has none.
void add_stacks(const observe::Process& process, client::Connection& connection, ThreadList& list);

// ThreadView::holding, of living owners: from the graph, or from what this very listing says of the
// waiters (one look: the owner may have changed since).
void add_holdings(const LockGraph& graph, ThreadList& list);
void add_holdings(ThreadList& list);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_LOCKS_MORE_FACTS_HPP
