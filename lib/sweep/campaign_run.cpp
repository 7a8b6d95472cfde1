// The experiments of a campaign, several at a time.
#include "format/format.hpp"
#include "sweep/campaign.hpp"
#include "sweep/findings.hpp"
#include "sweep/plan.hpp"
#include "sweep/running.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <set>
#include <thread>

namespace threadfault::sweep {
namespace {

// Shares of a job. What mostly waits leaves the CPU to others.
constexpr unsigned kWhole = 4;

unsigned weight_of(const Experiment& experiment, bool service) {
    if (experiment.deed.action == Action::freeze) return 1;
    return service ? 2 : kWhole;
}

std::size_t jobs_of(const Options& options) {
    return options.jobs > 0 ? options.jobs
                            : std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

}  // namespace

// What the workers share.
struct Campaign::Work {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<const Experiment*> waiting;
    std::size_t room = 0;
    std::set<std::string> keys;
    std::exception_ptr failure;
    Tally tally;
    TimePoint begin = Clock::now();
    TimePoint end = TimePoint::max();

    bool is_over(const scenario::Stop& stop) const {
        return waiting.empty() || stop.requested() || failure != nullptr || Clock::now() >= end;
    }
};

void Campaign::run() {
    const Plan plan = make_plan(ledger_.census.points, options_, ledger_.census.handles_signals);
    ledger_.planned = plan.experiments.size();
    ledger_.passages = plan.passages;
    begin_journal();
    Work work;
    for (const Experiment& experiment : plan.experiments)
        if (!ledger_.results.contains(experiment.id)) work.waiting.push_back(&experiment);
    const Findings before(ledger_, {});
    for (const Finding& finding : before.all())
        work.keys.insert(finding.key);
    work.room = jobs_of(options_) * kWhole;
    work.tally = {ledger_.results.size(), plan.experiments.size(), work.keys.size(), 0, 0};
    if (options_.budget > 0) {
        work.end =
            work.begin + std::chrono::nanoseconds(static_cast<std::int64_t>(options_.budget * 1e9));
    }

    const auto worker = [&] {
        std::unique_lock lock(work.mutex);
        while (!work.is_over(stop_)) {
            const Experiment* const next = work.waiting.front();
            const unsigned weight = weight_of(*next, baseline_.service);
            if (work.room < weight) {
                work.changed.wait_for(lock, std::chrono::milliseconds(100));
                continue;
            }
            work.waiting.pop_front();
            work.room -= weight;
            const std::string key = key_of(*next->point, next->deed, next->side);
            const bool known = work.keys.contains(key);
            lock.unlock();
            Result result;
            std::exception_ptr failure;
            try {
                result = run_confirmed(*next, known);
            } catch (...) {
                failure = std::current_exception();
            }
            lock.lock();
            work.room += weight;
            if (failure != nullptr) work.failure = failure;
            // What was cut short is done again by --resume.
            if (failure == nullptr && !stop_.requested()) {
                try {
                    write_line(result_line(result));
                } catch (...) {
                    work.failure = std::current_exception();
                }
                const bool fresh = is_finding(result.outcome) && work.keys.insert(key).second;
                ++work.tally.done;
                work.tally.findings = work.keys.size();
                work.tally.seconds =
                    std::chrono::duration<double>(Clock::now() - work.begin).count();
                work.tally.left =
                    work.end == TimePoint::max()
                        ? 0
                        : std::chrono::duration<double>(work.end - Clock::now()).count();
                listener_.result(work.tally, *next->point, *next, result, fresh);
                ledger_.results.insert_or_assign(result.id, std::move(result));
            }
            work.changed.notify_all();
        }
    };
    std::vector<std::thread> workers;
    for (std::size_t i = 0; i < jobs_of(options_) * kWhole; ++i)
        workers.emplace_back(worker);
    for (std::thread& one : workers)
        one.join();
    if (work.failure != nullptr) std::rethrow_exception(work.failure);
}

}  // namespace threadfault::sweep
