// The threads of a listing, sorted by a column or as the tree of who created whom.
#ifndef THREADFAULT_CLI_RENDER_THREAD_ORDER_HPP
#define THREADFAULT_CLI_RENDER_THREAD_ORDER_HPP

#include "drive/threads/thread_view.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::cli {

enum class ThreadKey { created, tid, name, state, cpu, age, start, path, waiting, holds, faults };

struct ThreadKeyInfo {
    ThreadKey key{};
    std::string_view name;   // of --sort
    std::string_view about;  // in which order: "the oldest first"
};
// In the order of the enumeration.
std::span<const ThreadKeyInfo> thread_keys() noexcept;
const ThreadKeyInfo& info(ThreadKey key) noexcept;
// Throws Error{usage} with the nearest one.
ThreadKey require_thread_key(std::string_view option, std::string_view name);

struct RankedThread {
    const drive::ThreadView* thread = nullptr;
    double cpu = 0;  // what `cpu` sorts by
};
// Threads that are equal by that key stay in the order that they have.
void sort_threads(std::vector<RankedThread>& threads, ThreadKey key, bool reversed);

struct TreePlace {
    std::size_t index = 0;  // in the list that was given
    std::string branch;     // "│ └─ ", or in ASCII "|  `- "
};
// Threads whose creator has ended hang from the nearest ancestor that lives; those of which none is
// known stand beside main.
std::vector<TreePlace> creator_tree(std::span<const drive::ThreadView* const> threads,
                                    bool unicode);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_THREAD_ORDER_HPP
