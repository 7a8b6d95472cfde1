#include "drive/threads/seen_threads.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <string_view>

namespace threadfault::drive {
namespace {

// A sleeping thread can be renamed by others: everything is read again after so many looks.
constexpr unsigned kMostLooks = 10;

struct Counters {
    std::uint64_t cpu = 0;
    std::uint64_t runs = 0;
};

// "CPU-TIME WAITED RUNS\n", proc(5); all 0 where the kernel does not count.
std::optional<Counters> parse_counters(std::string_view text) {
    std::uint64_t fields[3] = {};
    const char* at = text.data();
    const char* const end = at + text.size();
    for (std::uint64_t& field : fields) {
        while (at != end && *at == ' ')
            ++at;
        const auto [rest, error] = std::from_chars(at, end, field);
        if (error != std::errc()) return std::nullopt;
        at = rest;
    }
    if (fields[2] == 0) return std::nullopt;
    return Counters{fields[0], fields[2]};
}

}  // namespace

void SeenThreads::begin(std::span<const pid_t> tids) {
    ++look_;
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
        if (!file_) {
            if (attempt == 0 && tried_) return false;
            tried_ = true;
            char path[64];
            std::snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", pid, tid);
            file_ = base::Descriptor(open(path, O_RDONLY | O_CLOEXEC));
            if (!file_) return false;
        }
        char text[96];
        const ssize_t length = pread(file_.get(), text, sizeof text, 0);
        if (length > 0) {
            const auto counters = parse_counters({text, static_cast<std::size_t>(length)});
            if (!counters) return false;
            const bool same = counters->runs == runs_;
            runs_ = counters->runs;
            cpu_ = counters->cpu;
            return same;
        }
        // The thread of that number has ended, and there is another one.
        file_.reset();
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
