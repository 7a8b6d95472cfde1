#include "drive/threads/owners.hpp"

#include "drive/threads/outside_threads.hpp"
#include "observe/maps.hpp"

#include <algorithm>
#include <vector>

namespace threadfault::drive {
namespace {

constexpr int kMostAncestors = 32;

// The living thread of `pid` that its own pid namespace numbers so; 0: none.
pid_t thread_numbered(pid_t pid, pid_t inner) {
    try {
        const observe::Process process(pid);
        for (const pid_t tid : process.tids()) {
            const auto status = process.status(tid);
            if (!status || status->ns_pid.empty() || status->ns_pid.back() != inner) continue;
            const auto stat = process.stat(tid);
            if (stat && !stat->is_dead()) return tid;
        }
    } catch (const Error&) {  // it has ended
    }
    return 0;
}

// The mapping that a sleeping thread's stack pointer lies in.
std::optional<observe::Mapping> stack_of(const observe::Process& process, pid_t tid) {
    try {
        const auto call = process.syscall(tid);
        if (!call || call->running || call->stack_pointer == 0) return std::nullopt;
        const observe::Maps maps(process);
        const observe::Mapping* const mapping = maps.find(call->stack_pointer);
        if (mapping != nullptr) return *mapping;
    } catch (const Error&) {  // not permitted, or it has ended
    }
    return std::nullopt;
}

// Is the child's only first thread the copy of that one? It has the same pthread_t, and runs on a
// stack that lies where the other one's lies.
enum class Same { yes, no, unknown };
Same is_copy_of(const observe::Process& child, const observe::Process& parent,
                pid_t parents_thread) {
    const auto here = stack_of(child, child.pid());
    const auto there = stack_of(parent, parents_thread);
    if (here && there && here->begin < there->end && there->begin < here->end) return Same::yes;
    // Two stacks may be one thread's, which left its own for a coroutine's or a handler's.
    const auto pthread_of = [](const observe::Process& process, pid_t tid) -> std::uint64_t {
        const auto status = process.status(tid);
        if (!status || status->ns_pid.empty()) return 0;
        const auto threads = threads_from_outside(process.pid());
        const auto found = threads.find(status->ns_pid.back());
        return found != threads.end() ? found->second.pthread : 0;
    };
    const std::uint64_t copy = pthread_of(child, child.pid());
    const std::uint64_t original = pthread_of(parent, parents_thread);
    if (copy == 0 || original == 0) return Same::unknown;
    return copy == original ? Same::yes : Same::no;
}

Ground note_of(GroundCode code, pid_t tid, pid_t pid = 0) {
    Ground note{code, {{"tid", std::int64_t{tid}}}};
    if (pid != 0) note.data.emplace_back("pid", std::int64_t{pid});
    return note;
}

Owner unknown(GroundCode code, pid_t tid, pid_t pid = 0) {
    return {Owner::State::unknown, 0, 0, note_of(code, tid, pid)};
}

}  // namespace

Owner Owners::of(const observe::WaitObject& wait) {
    const pid_t inner = *wait.owner_tid;
    const pid_t outer = numbers_.outer(inner);
    const bool own = outer != 0 && living_.contains(outer);
    // A joinee's number stands in the process's own memory.
    if (wait.kind == WaitKind::join || (own && !wait.shared)) {
        return {own ? Owner::State::alive : Owner::State::dead, own ? outer : inner};
    }
    const observe::Sharing& sharing = sharers_.of(wait.address);
    return sharing.place ? in_shared_memory(sharing, inner) : in_own_memory(inner);
}

Owner Owners::in_own_memory(pid_t inner) {
    const pid_t outer = numbers_.outer(inner);
    if (outer != 0 && living_.contains(outer)) return {Owner::State::alive, outer};
    for (const pid_t sibling : sharers_.siblings()) {
        const pid_t tid = thread_numbered(sibling, inner);
        if (tid != 0) return {Owner::State::alive, tid, sibling};
    }
    const auto [entry, is_new] = inherited_.try_emplace(inner);
    if (is_new) entry->second = inherited_or_dead(inner);
    return entry->second;
}

// The number is no living thread's of this process.
Owner Owners::inherited_or_dead(pid_t inner) {
    Owner dead{Owner::State::dead, inner};
    const auto leader = process_.stat(process_.pid());
    // What execve(2) has left of the memory was written since then.
    if (leader && !observe::is_copy_of_parent(*leader)) return dead;
    if (connection_ != nullptr && connection_->dead(inner)) return dead;
    if (const auto forker = thread_of_ancestor(inner)) return inherited_from(*forker);
    // Numbers are given out in ascending order, until they begin anew: a thread of this process has
    // a higher one than the process has. A process that is the first of its namespace has been
    // forked in another one, whose numbers say nothing here.
    const auto& own = process_.status_at_opening().ns_pid;
    const pid_t own_number = own.empty() ? process_.pid() : own.back();
    if (own_number == 1 || inner < own_number) {
        return unknown(GroundCode::owner_foreign, inner);
    }
    return dead;
}

std::optional<Owners::Elsewhere> Owners::thread_of_ancestor(pid_t inner) const {
    const auto leader = process_.stat(process_.pid());
    if (!leader) return std::nullopt;
    pid_t pid = process_.status_at_opening().parent;
    for (int i = 0; i < kMostAncestors && pid > 0; ++i) {
        try {
            const observe::Process ancestor(pid);
            const pid_t tid = thread_numbered(pid, inner);
            const auto stat = tid != 0 ? ancestor.stat(tid) : std::nullopt;
            if (stat && stat->start_ticks <= leader->start_ticks) return Elsewhere{tid, pid};
            const auto forked = ancestor.stat(pid);
            // Memory that is older than that is not inherited.
            if (forked && !observe::is_copy_of_parent(*forked)) break;
            pid = ancestor.status_at_opening().parent;
        } catch (const Error&) {  // it has ended
            break;
        }
    }
    return std::nullopt;
}

Owner Owners::inherited_from(const Elsewhere& forker) {
    Same same = Same::unknown;
    try {
        same = is_copy_of(process_, observe::Process(forker.pid), forker.tid);
    } catch (const Error&) {  // it has ended
    }
    switch (same) {
        case Same::yes:
            return {Owner::State::alive, process_.pid(), 0,
                    note_of(GroundCode::owner_inherited, forker.tid, forker.pid)};
        case Same::no:
            return {Owner::State::dead, forker.tid, 0,
                    note_of(GroundCode::owner_left_at_fork, forker.tid, forker.pid)};
        case Same::unknown:
            break;
    }
    return unknown(GroundCode::owner_perhaps_inherited, forker.tid, forker.pid);
}

bool Owners::lives_without_it(pid_t inner) const {
    for (const pid_t pid : observe::all_pids()) {
        if (pid == process_.pid()) continue;
        const auto same = observe::same_pid_namespace(pid, process_.pid());
        if (same.value_or(true) && thread_numbered(pid, inner) != 0) return true;
    }
    return false;
}

Owner Owners::in_shared_memory(const observe::Sharing& sharing, pid_t inner) {
    std::vector<Elsewhere> found;
    const pid_t own = numbers_.outer(inner);
    if (own != 0 && living_.contains(own)) found.push_back({own, 0});
    // Whoever shares this process's namespace has no second thread with that number.
    for (const pid_t pid : sharing.others) {
        const pid_t tid = thread_numbered(pid, inner);
        if (tid != 0) found.push_back({tid, pid});
    }
    if (found.size() == 1) return {Owner::State::alive, found[0].tid, found[0].pid};
    if (found.size() > 1) return unknown(GroundCode::owner_ambiguous, inner);
    for (const pid_t pid : sharing.others) {
        if (!observe::same_pid_namespace(pid, process_.pid()).has_value()) {
            return unknown(GroundCode::owner_in_namespace, inner);
        }
    }
    for (const pid_t pid : sharing.unreadable) {
        if (thread_numbered(pid, inner) != 0) {
            return unknown(GroundCode::owner_unreadable, inner, pid);
        }
    }
    if (!sharing.nameless && !observe::sees_all_processes()) {
        return unknown(GroundCode::owner_unseen, inner);
    }
    // Its owner may have given up the memory, or its number have gone to another one since.
    if (lives_without_it(inner)) {
        return unknown(GroundCode::owner_without_map, inner);
    }
    return {Owner::State::dead, inner};
}

}  // namespace threadfault::drive
