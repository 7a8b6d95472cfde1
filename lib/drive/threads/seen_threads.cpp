#include "drive/threads/seen_threads.hpp"

#include "drive/threads/open_files.hpp"

namespace threadfault::drive {
namespace {

// A sleeping thread can be renamed by others: everything is read again after so many looks.
constexpr unsigned kMostLooks = 10;

}  // namespace

void SeenThreads::begin(std::span<const pid_t> tids) {
    ++look_;
    if (tids.size() > entries_.size()) room_for_files(tids.size());
    for (const pid_t tid : tids) {
        const auto [entry, fresh] = entries_.try_emplace(tid);
        entry->second.look_ = look_;
        // Not all of them in the same look.
        if (fresh) entry->second.looks_ = static_cast<unsigned>(tid) % kMostLooks;
    }
    if (entries_.size() == tids.size()) return;
    std::erase_if(entries_, [&](const auto& entry) { return entry.second.look_ != look_; });
}

bool SeenThreads::Entry::read_counters(pid_t pid, pid_t tid) {
    cpu_.reset();
    for (int attempt = 0; attempt < 2; ++attempt) {
        if (!counter_) {
            if (attempt == 0 && tried_) return false;
            tried_ = true;
            counter_ = observe::RunCounter(pid, tid);
            if (!counter_) return false;
        }
        const std::optional<observe::RunCount> count = counter_.read();
        if (count) {
            const bool same = count->runs == runs_;
            runs_ = count->runs;
            cpu_ = count->cpu_nanoseconds;
            return same;
        }
        if (!counter_.has_ended()) return false;
        // The thread of that number has ended, and there is another one.
        counter_ = observe::RunCounter();
    }
    return false;
}

const SeenThread* SeenThreads::Entry::unchanged(pid_t pid, pid_t tid) {
    const std::optional<std::uint64_t> before = cpu_;
    const bool same = read_counters(pid, tid) && before == cpu_;
    const bool slept =
        seen_.alive && seen_.stat.state != 'R' && !(seen_.syscall && seen_.syscall->running);
    if (same && slept && looks_ < kMostLooks) {
        ++looks_;
        return &seen_;
    }
    looks_ = 0;
    seen_ = {};
    return nullptr;
}

std::optional<std::uint64_t> SeenThreads::cpu_nanoseconds(pid_t tid) const {
    const auto entry = entries_.find(tid);
    return entry == entries_.end() ? std::nullopt : entry->second.cpu_nanoseconds();
}

}  // namespace threadfault::drive
