#include "client/silent_ends.hpp"

#include <algorithm>

namespace threadfault::client {
namespace {

using namespace std::chrono_literals;

constexpr auto kRound = 50ms;
constexpr int kLeisure = 50;

// The word of a thread's end comes before the end, but may be read after it.
constexpr auto kPatience = 40ms;
constexpr auto kPatienceBehind = 2s;

// Of a target whose threads end faster than that without a word, the rest is told later.
constexpr std::size_t kAtOnce = 16;

}  // namespace

std::vector<pid_t> SilentEnds::look(bool behind) {
    const Clock::time_point begin = Clock::now();
    const std::vector<pid_t> tids = process_.tids();
    // Of the end of the whole process the connection tells.
    if (tids.empty()) return {};
    note_gone(tids, begin);
    for (const pid_t tid : tids) {
        if (living_.contains(tid)) continue;
        if (const pid_t inner = inner_tid_(tid); inner != 0) living_.emplace(tid, inner);
    }
    std::vector<pid_t> silent;
    for (auto one = gone_.begin(); one != gone_.end() && silent.size() < kAtOnce;) {
        if (begin - one->second < (behind ? Clock::duration(kPatienceBehind) : kPatience)) {
            ++one;
            continue;
        }
        silent.push_back(one->first);
        one = gone_.erase(one);
    }
    const Clock::time_point end = Clock::now();
    next_ = end + std::max<Clock::duration>(kRound, kLeisure * (end - begin));
    return silent;
}

void SilentEnds::note_gone(const std::vector<pid_t>& tids, Clock::time_point now) {
    for (auto one = living_.begin(); one != living_.end();) {
        if (std::binary_search(tids.begin(), tids.end(), one->first)) {
            ++one;
            continue;
        }
        gone_.emplace(one->second, now);
        one = living_.erase(one);
    }
    // A main thread that has ended stays in the list while others live.
    if (!main_lives_ || !process_.thread_ended(process_.pid())) return;
    main_lives_ = false;
    if (const auto main = living_.find(process_.pid()); main != living_.end()) {
        gone_.emplace(main->second, now);
    }
}

void SilentEnds::has_begun(pid_t inner, pid_t tid) {
    if (tid == 0) {
        gone_.emplace(inner, Clock::now());
    } else {
        living_[tid] = inner;
    }
}

void SilentEnds::has_ended(pid_t inner, pid_t tid) {
    gone_.erase(inner);
    // Main stays in the list, and is not looked at again.
    if (tid == process_.pid()) {
        main_lives_ = false;
    } else {
        living_.erase(tid);
    }
}

}  // namespace threadfault::client
