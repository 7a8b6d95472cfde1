#include "attach/candidates.hpp"

#include "arch/call.hpp"
#include "observe/stop_effects.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace threadfault::attach {
namespace {

constexpr std::size_t kLookedAt = 64;

// Lower is better; nothing: not that one.
std::optional<int> cost(const observe::Process& process, pid_t tid) {
    const auto stat = process.stat(tid);
    if (!stat || stat->is_dead() || stat->is_kernel_worker()) return std::nullopt;
    if (stat->state == 'D' || stat->state == 'T' || stat->state == 't') return std::nullopt;
    const auto call = process.syscall(tid);
    if (!call) return std::nullopt;
    if (call->running) return 20;
    switch (observe::stop_effect(*call)) {
        case observe::StopEffect::none:
            // The kernel itself goes on with those; some others are entered again.
            return call->number == SYS_futex && call->arguments[3] == 0 ? 0 : 4;
        case observe::StopEffect::starts_anew:
            return 10;
        case observe::StopEffect::shows:
            return std::nullopt;
        case observe::StopEffect::unknown:
            break;
    }
    if (call->number == SYS_clone || call->number == arch::kVfork) return std::nullopt;
    return 50;
}

}  // namespace

std::vector<pid_t> candidates(const observe::Process& process) {
    std::vector<std::pair<int, pid_t>> found;
    for (const pid_t tid : process.tids()) {
        if (const auto value = cost(process, tid)) found.emplace_back(*value, tid);
        if (found.size() == kLookedAt) break;
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<pid_t> tids;
    tids.reserve(found.size());
    for (const auto& [value, tid] : found)
        tids.push_back(tid);
    return tids;
}

}  // namespace threadfault::attach
