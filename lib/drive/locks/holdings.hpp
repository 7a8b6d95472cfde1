// Which locks the threads of a listing hold.
#ifndef THREADFAULT_DRIVE_LOCKS_HOLDINGS_HPP
#define THREADFAULT_DRIVE_LOCKS_HOLDINGS_HPP

#include "drive/locks/lock_graph.hpp"
#include "drive/threads/thread_view.hpp"

namespace threadfault::drive {

// ThreadView::holding, of living owners: from the graph, or from what this very listing says of the
// waiters (one look: the owner may have changed since).
void add_holdings(const LockGraph& graph, ThreadList& list);
void add_holdings(ThreadList& list);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_LOCKS_HOLDINGS_HPP
