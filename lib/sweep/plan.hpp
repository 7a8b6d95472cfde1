// Which experiments there are, and in which order.
#ifndef THREADFAULT_SWEEP_PLAN_HPP
#define THREADFAULT_SWEEP_PLAN_HPP

#include "sweep/deeds.hpp"
#include "sweep/model.hpp"
#include "sweep/options.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace threadfault::sweep {

struct Plan {
    std::vector<Experiment> experiments;  // the most informative first
    // Passages by which a thread could die, all of them: what the experiments stand for.
    std::uint64_t passages = 0;
};

// The same for the same points, seed and options, wherever it is made; the shards of a plan have no
// experiment in common and are all of it together. `points` must outlive it.
// `handles_signals`: Census's; without handlers no wait ends with EINTR, unless --how asks for it.
Plan make_plan(const std::vector<Point>& points, const Options& options,
               bool handles_signals = true);

// FNV-1a; the same everywhere.
std::uint64_t text_hash(std::string_view text) noexcept;

}  // namespace threadfault::sweep

#endif  // THREADFAULT_SWEEP_PLAN_HPP
