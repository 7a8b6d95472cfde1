#include "base/suggest.hpp"

#include <algorithm>
#include <cstdlib>
#include <tuple>

namespace threadfault::base {
namespace {

std::size_t common_prefix(std::string_view a, std::string_view b) {
    return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                                    a.begin());
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
    const std::size_t width = b.size() + 1;
    std::vector<std::size_t> before(width), last(width), row(width);
    for (std::size_t j = 0; j < width; ++j)
        last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j < width; ++j) {
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
    std::string_view best;
    std::size_t best_distance = ~std::size_t{0};
    std::size_t best_alike = 0;
    for (std::string_view candidate : candidates) {
        if (word.empty() || candidate.empty()) continue;
        std::size_t distance = edit_distance(word, candidate);
        const std::size_t longer = std::max(word.size(), candidate.size());
        const bool is_prefix =
            word.size() >= 2 && (candidate.starts_with(word) || word.starts_with(candidate));
        if (!is_prefix && distance > std::max<std::size_t>(1, longer / 3)) continue;
        if (is_prefix) distance = std::min<std::size_t>(distance, 2);
        // Of two that are as near, the one that begins alike: "stat" is "state", not "start".
        const std::size_t alike = common_prefix(word, candidate);
        if (distance < best_distance || (distance == best_distance && alike > best_alike)) {
            best_distance = distance;
            best_alike = alike;
            best = candidate;
        }
    }
    return best;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
    const std::vector<std::string_view> views(candidates.begin(), candidates.end());
    return std::string(nearest(word, views));
}

pid_t nearest_number(pid_t number, std::span<const pid_t> candidates) {
    const std::string text = std::to_string(number);
    const auto distance = [&](pid_t candidate) {
        return std::tuple(edit_distance(text, std::to_string(candidate)),
                          std::llabs(static_cast<long long>(candidate) - number));
    };
    const auto best = std::min_element(candidates.begin(), candidates.end(),
                                       [&](pid_t a, pid_t b) { return distance(a) < distance(b); });
    return best == candidates.end() ? 0 : *best;
}

}  // namespace threadfault::base
