#include "sweep/plan.hpp"

#include "format/format.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace threadfault::sweep {
namespace {

// Of threads that pass the same point, so many are tried; of one point, so many more passages than
// the ones that are known to differ.
constexpr std::size_t kThreads = 3;
constexpr std::size_t kRandomPassages = 2;
// Of what costs time: a freeze is sat out.
constexpr std::size_t kFrozenSamples = 2;
constexpr std::size_t kMostExhaustive = 10'000;

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
    std::uint64_t hash = (a ^ b) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 32U;
    return hash * 0xc2b2ae3d27d4eb4fU ^ hash >> 29U;
}

unsigned rank_of(const Deed& deed) {
    switch (deed.action) {
        case Action::kill:
            return 0;
        case Action::spurious:
        case Action::interrupt:
            return 1;
        case Action::error:
            return 2;
        default:
            return 5;
    }
}

class Planner {
public:
    Planner(const std::vector<Point>& points, const Options& options, bool handles_signals)
        : points_(points), options_(options), wanted_(parse_how(options.how)) {
        wanted_.interrupts = wanted_.call_errors && (handles_signals || !options.how.empty());
    }

    Plan make() {
        std::map<std::string, std::vector<const Point*>> groups;
        for (const Point& point : points_)
            groups[point.group()].push_back(&point);
        for (auto& [name, group] : groups) {
            std::sort(group.begin(), group.end(), [](const Point* a, const Point* b) {
                return a->path != b->path ? a->path < b->path : a->count > b->count;
            });
            add_group(name, group);
        }
        keep_shard();
        std::sort(plan_.experiments.begin(), plan_.experiments.end(),
                  [](const Experiment& a, const Experiment& b) {
                      if (a.tier != b.tier) return a.tier < b.tier;
                      return a.order != b.order ? a.order < b.order : a.id < b.id;
                  });
        return std::move(plan_);
    }

private:
    void add_group(const std::string& name, std::vector<const Point*> group) {
        std::uint64_t passages = 0;
        for (const Point* point : group)
            passages += point->count;
        if (!options_.exhaustive) {
            if (group.size() > 1) add_later_deaths(*group.front());
            const auto steady = std::stable_partition(
                group.begin(), group.end(), [](const Point* point) { return point->steady; });
            if (steady != group.begin()) {
                group.erase(steady, group.end());
            } else if (can_be_anybody(*group.front())) {
                // Threads that race pass it in some runs only: whoever comes first is the victim.
                add_point(*group.front(), true, passages, true);
                return;
            }
        }
        std::set<std::size_t> chosen = {0};
        if (options_.exhaustive) {
            for (std::size_t i = 1; i < group.size(); ++i)
                chosen.insert(i);
        } else if (group.size() > 1) {
            chosen.insert(group.size() - 1);
            std::uint64_t random = mixed(text_hash(name), options_.seed);
            while (chosen.size() < std::min(kThreads, group.size()))
                chosen.insert(random++ % group.size());
        }
        bool first = true;
        for (const std::size_t number : chosen) {
            add_point(*group[number], first, first ? passages : group[number]->count, false);
            first = false;
        }
    }

    // Threads that share their work pass it now often, now once; together they pass it as often in
    // each run. So deaths in the middle of the work are whoever's turn it is.
    void add_later_deaths(const Point& point) {
        const std::uint64_t together = point.together;
        if (together < 4 || !can_be_anybody(point)) return;
        const Role role = role_of(point, options_.threads);
        std::uint64_t random = mixed(point.stack, options_.seed + 1);
        std::set<std::uint64_t> chosen = {together / 2, together - 1};
        chosen.insert(2 + random % (together - 2));
        for (const std::uint64_t occurrence : chosen) {
            const Sample sample{occurrence, point.held(), false};
            for (const Placed& placed : deeds_at(point, sample, wanted_, role)) {
                if (placed.deed.action != Action::kill) continue;
                constexpr unsigned kDepth = 2;  // as passages of a thread that are known to differ
                add(point, sample, placed, kDepth * 8, 1, true);
            }
        }
    }

    bool can_be_anybody(const Point& point) const {
        const auto is_path = [](const std::string& term) { return term.starts_with("path="); };
        return !point.is_main &&
               std::none_of(options_.threads.begin(), options_.threads.end(), is_path);
    }

    std::vector<Sample> samples_of(const Point& point) const {
        std::vector<Sample> samples = point.samples;
        const auto add = [&](std::uint64_t occurrence) {
            if (occurrence < 1 || occurrence > point.count) return;
            const bool there =
                std::any_of(samples.begin(), samples.end(),
                            [&](const Sample& sample) { return sample.occurrence == occurrence; });
            if (!there) samples.push_back({occurrence, point.held(), false});
        };
        if (samples.empty()) add(1);
        if (options_.exhaustive) {
            for (std::uint64_t i = 1; i <= std::min<std::uint64_t>(point.count, kMostExhaustive);
                 ++i)
                add(i);
            return samples;
        }
        add(2);
        std::uint64_t random = mixed(point.stack, options_.seed);
        for (std::size_t i = 0; i < kRandomPassages; ++i) {
            random = mixed(random, i + 1);
            add(random % point.count + 1);
        }
        // The very last is often not there in the next run.
        if (point.count < 50) add(point.count);
        return samples;
    }

    void add_point(const Point& point, bool first_thread, std::uint64_t passages, bool anybody) {
        plan_.passages += passages;
        const std::vector<Sample> samples = samples_of(point);
        const Role role = role_of(point, options_.threads);
        for (std::size_t i = 0; i < samples.size(); ++i) {
            const Sample& sample = samples[i];
            for (const Placed& placed : deeds_at(point, sample, wanted_, role)) {
                const bool freezes = placed.deed.action == Action::freeze;
                const bool fails =
                    placed.deed.action == Action::error || placed.deed.action == Action::interrupt;
                if (!options_.exhaustive) {
                    if (freezes && (!first_thread || i >= kFrozenSamples)) continue;
                    if (fails && (!first_thread || sample.occurrence > 2)) continue;
                }
                // Points that were never tried come first, of them those with locks held.
                unsigned depth = i == 0 ? 1 : (i < point.samples.size() ? 2 : 4);
                if (i == 0 && !sample.held.empty()) depth = 0;
                if (!first_thread) depth += 3;
                if (freezes) depth += placed.side == Side::after ? 3 : 1;
                add(point, sample, placed, depth * 8 + rank_of(placed.deed), i == 0 ? passages : 1,
                    anybody);
            }
        }
    }

    void add(const Point& point, const Sample& sample, const Placed& placed, unsigned tier,
             std::uint64_t stands_for, bool anybody) {
        Experiment experiment;
        experiment.any_thread = anybody;
        if (!anybody) experiment.path = point.path;
        experiment.call = point.call;
        experiment.stack = point.stack;
        experiment.occurrence = sample.occurrence;
        experiment.side = placed.side;
        experiment.deed = placed.deed;
        experiment.point = &point;
        experiment.tier = tier;
        experiment.stands_for = stands_for;
        experiment.id = id_of(experiment);
        experiment.order = mixed(text_hash(experiment.id), options_.seed);
        plan_.experiments.push_back(std::move(experiment));
    }

    void keep_shard() {
        const Shard& shard = options_.shard;
        if (shard.count <= 1) return;
        std::erase_if(plan_.experiments, [&](const Experiment& experiment) {
            return text_hash(experiment.id) % shard.count != shard.index - 1;
        });
    }

    const std::vector<Point>& points_;
    const Options& options_;
    Wanted wanted_;
    Plan plan_;
};

}  // namespace

std::uint64_t text_hash(std::string_view text) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    // FNV's low bits know little of the last letters.
    return hash ^ hash >> 31U;
}

Plan make_plan(const std::vector<Point>& points, const Options& options, bool handles_signals) {
    return Planner(points, options, handles_signals).make();
}

}  // namespace threadfault::sweep
