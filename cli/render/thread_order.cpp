#include "render/thread_order.hpp"

#include "base/suggest.hpp"
#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <unordered_map>

namespace threadfault::cli {
namespace {

using drive::ThreadView;

constexpr std::array<ThreadKeyInfo, 11> kKeys = {{
    {ThreadKey::created, "created", "the oldest first"},
    {ThreadKey::tid, "tid", "the lowest number first"},
    {ThreadKey::name, "name", "by alphabet"},
    {ThreadKey::state, "state", "running ones first"},
    {ThreadKey::cpu, "cpu", "the busiest first"},
    {ThreadKey::age, "age", "the youngest first"},
    {ThreadKey::start, "start", "by alphabet"},
    {ThreadKey::path, "path", "main first"},
    {ThreadKey::waiting, "waiting", "those that wait for a lock first"},
    {ThreadKey::holds, "holds", "what most threads wait for first"},
    {ThreadKey::faults, "faults", "those with a fault in force first"},
}};

// What people look for first: who runs, then who can't be reached, then who sleeps.
int rank_of_state(char state) noexcept {
    constexpr std::string_view kOrder = "RDTtSI";
    const std::size_t at = kOrder.find(state);
    return static_cast<int>(at == std::string_view::npos ? kOrder.size() : at);
}

std::size_t waiters_of(const ThreadView& thread) noexcept {
    std::size_t count = 0;
    for (const drive::HeldLock& lock : thread.holding)
        count += lock.waiters;
    return count;
}

// Locks, other objects, system calls, nothing.
int rank_of_wait(const ThreadView& thread) noexcept {
    if (!thread.waiting) return thread.syscall ? 3 : 4;
    if (thread.waiting->owner_tid && !thread.waiting->owner_alive) return 0;
    return thread.waiting->owner_tid ? 1 : 2;
}

// "main/3/10" comes behind "main/3/9"; what has no path comes last.
std::vector<unsigned> parts_of_path(const std::string& path) {
    if (path.empty()) return {~0U};
    std::vector<unsigned> parts;
    std::size_t at = path.find('/');
    while (at != std::string::npos) {
        parts.push_back(static_cast<unsigned>(std::strtoul(path.c_str() + at + 1, nullptr, 10)));
        at = path.find('/', at + 1);
    }
    return parts;
}

using Less = bool (*)(const RankedThread&, const RankedThread&);

Less less_of(ThreadKey key) {
    using Ranked = const RankedThread&;
    switch (key) {
        case ThreadKey::created:
            break;
        case ThreadKey::tid:
            return [](Ranked a, Ranked b) { return a.thread->tid < b.thread->tid; };
        case ThreadKey::name:
            return [](Ranked a, Ranked b) { return a.thread->name < b.thread->name; };
        case ThreadKey::state:
            return [](Ranked a, Ranked b) {
                return rank_of_state(a.thread->state) < rank_of_state(b.thread->state);
            };
        case ThreadKey::cpu:
            return [](Ranked a, Ranked b) { return a.cpu > b.cpu; };
        case ThreadKey::age:
            return [](Ranked a, Ranked b) { return a.thread->start_ticks > b.thread->start_ticks; };
        case ThreadKey::start:
            return [](Ranked a, Ranked b) { return a.thread->start < b.thread->start; };
        case ThreadKey::path:
            return [](Ranked a, Ranked b) {
                return parts_of_path(a.thread->path) < parts_of_path(b.thread->path);
            };
        case ThreadKey::waiting:
            return [](Ranked a, Ranked b) {
                return rank_of_wait(*a.thread) < rank_of_wait(*b.thread);
            };
        case ThreadKey::holds:
            return [](Ranked a, Ranked b) { return waiters_of(*a.thread) > waiters_of(*b.thread); };
        case ThreadKey::faults:
            return [](Ranked a, Ranked b) { return a.thread->faults > b.thread->faults; };
    }
    return nullptr;
}

class Tree {
public:
    Tree(std::span<const ThreadView* const> threads, bool unicode)
        : threads_(threads), unicode_(unicode) {
        std::unordered_map<std::string_view, std::size_t> by_path;
        std::unordered_map<pid_t, std::size_t> by_tid;
        for (std::size_t i = 0; i < threads.size(); ++i) {
            by_tid[threads[i]->tid] = i;
            if (!threads[i]->path.empty()) by_path[threads[i]->path] = i;
        }
        for (std::size_t i = 0; i < threads.size(); ++i) {
            const std::size_t parent = parent_of(i, by_path, by_tid);
            (parent == i ? roots_ : children_[parent]).push_back(i);
        }
    }

    std::vector<TreePlace> places() {
        for (const std::size_t root : roots_)
            add(root, "", "");
        return std::move(places_);
    }

private:
    // Itself: it has none. A creator is older than what it creates, by number or by path: there is
    // no way round in a circle.
    std::size_t parent_of(std::size_t i,
                          const std::unordered_map<std::string_view, std::size_t>& by_path,
                          const std::unordered_map<pid_t, std::size_t>& by_tid) const {
        const ThreadView& thread = *threads_[i];
        if (thread.main) return i;
        std::string_view path = thread.path;
        while (path.rfind('/') != std::string_view::npos) {
            path = path.substr(0, path.rfind('/'));
            const auto found = by_path.find(path);
            if (found != by_path.end()) return found->second;
        }
        if (!thread.creator_tid || !thread.index) return i;
        const auto creator = by_tid.find(*thread.creator_tid);
        if (creator == by_tid.end()) return i;
        const auto& index = threads_[creator->second]->index;
        return index && *index < *thread.index ? creator->second : i;
    }

    void add(std::size_t i, const std::string& branch, const std::string& below) {
        places_.push_back({i, branch});
        const auto children = children_.find(i);
        if (children == children_.end()) return;
        for (const std::size_t child : children->second) {
            const bool last = child == children->second.back();
            const std::string_view here =
                last ? (unicode_ ? "└─ " : "`- ") : (unicode_ ? "├─ " : "|- ");
            const std::string_view under = last ? "   " : (unicode_ ? "│  " : "|  ");
            add(child, below + std::string(here), below + std::string(under));
        }
    }

    std::span<const ThreadView* const> threads_;
    const bool unicode_;
    std::vector<std::size_t> roots_;
    std::unordered_map<std::size_t, std::vector<std::size_t>> children_;
    std::vector<TreePlace> places_;
};

}  // namespace

std::span<const ThreadKeyInfo> thread_keys() noexcept {
    return kKeys;
}

const ThreadKeyInfo& info(ThreadKey key) noexcept {
    return kKeys[static_cast<std::size_t>(key)];
}

ThreadKey require_thread_key(std::string_view option, std::string_view name) {
    std::vector<std::string_view> names;
    for (const ThreadKeyInfo& one : kKeys) {
        if (one.name == name) return one.key;
        names.push_back(one.name);
    }
    const std::string_view near = base::nearest(name, names);
    throw Error(ErrorCode::usage, formatted("invalid {} \"{}\"", option, name),
                near.empty() ? formatted("one of {}", joined(names, ", "))
                             : formatted("did you mean {}?", near));
}

void sort_threads(std::vector<RankedThread>& threads, ThreadKey key, bool reversed) {
    const Less less = less_of(key);
    if (less == nullptr) {
        if (reversed) std::reverse(threads.begin(), threads.end());
        return;
    }
    std::stable_sort(threads.begin(), threads.end(),
                     [&](const RankedThread& a, const RankedThread& b) {
                         return reversed ? less(b, a) : less(a, b);
                     });
}

std::vector<TreePlace> creator_tree(std::span<const drive::ThreadView* const> threads,
                                    bool unicode) {
    return Tree(threads, unicode).places();
}

}  // namespace threadfault::cli
