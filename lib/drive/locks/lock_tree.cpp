// The lock graph as a tree for people: what is held, by whom, who waits, and who waits for those.
#include "base/clean_text.hpp"
#include "drive/locks/awaited.hpp"
#include "drive/locks/lock_graph.hpp"
#include "format/format.hpp"

#include <map>
#include <set>

namespace threadfault::drive {
namespace {

class Tree {
public:
    explicit Tree(const LockGraph& graph) : graph_(graph), awaited_(graph) {
        for (const Lock& lock : graph.locks) {
            if (lock.owner && lock.owner->alive) held_[lock.owner->tid].push_back(&lock);
        }
        for (const auto& cycle : graph.cycles)
            in_cycle_.insert(cycle.begin(), cycle.end());
    }

    std::vector<LockTreeLine> lines() {
        for (const auto& cycle : graph_.cycles)
            add_cycle(cycle);
        for (const Lock& lock : graph_.locks) {
            if (!is_root(lock)) continue;
            add_title(lock);
            add_waiters(lock, "  ");
        }
        // A lock that is only reachable through a cycle has no root.
        for (const Lock& lock : graph_.locks) {
            if (shown_.contains(&lock) || !lock.owner) continue;
            add_title(lock);
            add_waiters(lock, "  ");
        }
        return std::move(lines_);
    }

private:
    std::string who(pid_t tid) const {
        const auto name = graph_.names.find(tid);
        std::string text = name == graph_.names.end()
                               ? formatted("{}", tid)
                               : formatted("{} {}", tid, base::clean_line(name->second));
        const auto process = graph_.processes.find(tid);
        if (process != graph_.processes.end()) text += formatted(" of {}", process->second);
        return text;
    }

    std::string who(const LockOwner& owner) const {
        if (owner.pid == 0 || graph_.processes.contains(owner.tid)) return who(owner.tid);
        return formatted("{} {}, a thread of process {} ({})", owner.tid,
                         base::clean_line(owner.name), owner.pid, base::clean_line(owner.command));
    }

    static std::string what(const Lock& lock) {
        std::string text(to_string(lock.kind));
        if (!lock.symbol.empty()) text += " " + base::clean_line(lock.symbol);
        text += formatted(" ({:#x}", lock.address);
        if (!lock.location.empty()) text += ", " + base::clean_line(lock.location);
        if (!lock.declared.empty()) text += ", declared at " + base::clean_line(lock.declared);
        return text + ")";
    }

    // Its owner waits for nothing, so it is a root of the tree.
    bool is_root(const Lock& lock) const {
        if (!lock.owner) return false;
        if (!lock.owner->alive) return true;
        if (in_cycle_.contains(lock.owner->tid)) return false;
        return awaited_.lock(lock.owner->tid) == nullptr;
    }

    void add(std::string text, pid_t tid = 0) { lines_.push_back({std::move(text), tid, bad_}); }

    void add_title(const Lock& lock) {
        shown_.insert(&lock);
        const LockOwner& owner = *lock.owner;
        const bool join = lock.kind == WaitKind::join;
        bad_ = lock.orphaned || lock.dead_waiter;
        std::string text = join ? formatted("end of thread {}", who(owner.tid)) : what(lock);
        if (lock.dead_waiter) {
            text += formatted(": ORPHANED, {} waits for its waiter {} {}, which is dead: {}",
                              lock.call, owner.tid, owner.name, owner.fate);
        } else if (!owner.alive && !join) {
            text += formatted(": ORPHANED, its owner {}{}{}is dead",
                              owner.tid == 0 ? std::string() : formatted("{} ", owner.tid),
                              base::clean_line(owner.name), owner.name.empty() ? "" : " ");
            text += !owner.fate.empty() ? formatted(": {}", base::clean_line(owner.fate))
                    : lock.note         ? "; " + sentence(*lock.note)
                                        : "; how it ended is unknown";
        } else if (!join) {
            text += formatted(": held by {}{}", who(owner),
                              lock.note ? ", " + sentence(*lock.note) : "");
        }
        add(std::move(text), owner.alive ? owner.tid : 0);
    }

    void add_cycle(const std::vector<pid_t>& cycle) {
        bad_ = true;
        add(formatted("DEADLOCK of {} thread{}:", cycle.size(),
                      cycle.size() == 1 ? "" : "s, each waiting for the next one"));
        for (const pid_t tid : cycle) {
            const Lock* const lock = awaited_.lock(tid);
            if (lock == nullptr) continue;
            shown_.insert(lock);
            const pid_t owner = lock->owner ? lock->owner->tid : 0;
            if (lock->kind == WaitKind::join) {
                add(formatted("  {} waits for the end of {}", who(tid), who(owner)), tid);
            } else if (owner == tid) {
                add(formatted("  {} waits for {}, which it holds itself", who(tid), what(*lock)),
                    tid);
            } else {
                add(formatted("  {} waits for {}, held by {}", who(tid), what(*lock), who(owner)),
                    tid);
            }
            for (const pid_t other : lock->waiters) {
                if (other == tid || in_cycle_.contains(other)) continue;
                add(formatted("    {} also waits for it", who(other)), other);
                add_held(other, "      ");
            }
        }
    }

    void add_waiters(const Lock& lock, const std::string& indent) {
        for (const pid_t tid : lock.waiters) {
            add(formatted("{}{} waits", indent, who(tid)), tid);
            add_held(tid, indent + "  ");
        }
    }

    void add_held(pid_t tid, const std::string& indent) {
        const auto held = held_.find(tid);
        if (held == held_.end() || !walked_.insert(tid).second) return;
        for (const Lock* lock : held->second) {
            if (shown_.contains(lock)) continue;
            shown_.insert(lock);
            add(lock->kind == WaitKind::join ? formatted("{}joined by:", indent)
                                             : formatted("{}and holds {}:", indent, what(*lock)),
                tid);
            add_waiters(*lock, indent + "  ");
        }
    }

    const LockGraph& graph_;
    const Awaited awaited_;
    std::map<pid_t, std::vector<const Lock*>> held_;
    std::set<pid_t> in_cycle_;
    std::set<const Lock*> shown_;
    std::set<pid_t> walked_;
    std::vector<LockTreeLine> lines_;
    bool bad_ = false;
};

}  // namespace

std::vector<LockTreeLine> lock_tree_lines(const LockGraph& graph) {
    return Tree(graph).lines();
}

std::string lock_tree(const LockGraph& graph) {
    std::string text;
    for (const LockTreeLine& line : lock_tree_lines(graph))
        text += line.text + "\n";
    return text;
}

}  // namespace threadfault::drive
