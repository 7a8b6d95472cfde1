// "Did you mean …?"
#ifndef THREADFAULT_BASE_SUGGEST_HPP
#define THREADFAULT_BASE_SUGGEST_HPP

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::base {

// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `word`, or "" when none is near: within a third of the longer length
// (at least one edit), or one begins with the other.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// The number that a person most likely meant: fewest edits as text, then the smallest difference.
// 0 when there are no candidates.
pid_t nearest_number(pid_t number, std::span<const pid_t> candidates);

}  // namespace threadfault::base

#endif  // THREADFAULT_BASE_SUGGEST_HPP
