#include "base/glob.hpp"
#include "inject/rule.hpp"

namespace threadfault::inject {

namespace {

// SplitMix64 (Steele, Lea, Flood 2014): number N of a sequence without the ones before it.
std::uint64_t random_at(std::uint64_t seed, std::uint64_t number) noexcept {
    std::uint64_t mixed = seed + number * 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
}

bool is_in_a_range(const ThreadMatch& match, const ThreadFacts& thread) noexcept {
    const std::uint64_t base = match.relative ? thread.program_base : 0;
    for (std::uint32_t i = 0; i < match.range_count; ++i) {
        if (thread.start >= base + match.ranges[i].begin &&
            thread.start < base + match.ranges[i].end) {
            return true;
        }
    }
    return false;
}

bool has_start(const ThreadMatch& match, const ThreadFacts& thread) noexcept {
    if (thread.start == 0) return false;
    if (match.range_count > 0) return is_in_a_range(match, thread);
    const char* const name =
        thread.start_name != nullptr ? thread.start_name(thread.start) : nullptr;
    return name != nullptr && *name != '\0' && base::glob_match(match.start, name);
}

bool has_path(const ThreadMatch& match, const ThreadFacts& thread) noexcept {
    if (match.depth != thread.depth) return false;
    for (std::size_t i = 0; i < wire::kMaxPathDepth && i < match.depth; ++i) {
        if (match.path[i] != thread.path[i]) return false;
    }
    return true;
}

}  // namespace

bool matches(const ThreadMatch& match, const ThreadFacts& thread) noexcept {
    const std::uint32_t terms = match.terms;
    if ((terms & ThreadMatch::kMain) != 0 && !thread.is_main) return false;
    if ((terms & ThreadMatch::kTid) != 0 && match.tid != thread.tid) return false;
    if ((terms & ThreadMatch::kNth) != 0 && match.nth != thread.index) return false;
    if ((terms & ThreadMatch::kPath) != 0 && !has_path(match, thread)) return false;
    if ((terms & ThreadMatch::kName) != 0 && !base::glob_match(match.name, thread.name)) {
        return false;
    }
    return (terms & ThreadMatch::kStart) == 0 || has_start(match, thread);
}

bool fires(const Rule& rule, std::uint64_t number) noexcept {
    const When& when = rule.when;
    if (number < when.first || number > when.last) return false;
    if ((number - when.first) % when.step != 0) return false;
    return rule.chance == UINT64_MAX || random_at(rule.seed, number) < rule.chance;
}

}  // namespace threadfault::inject
