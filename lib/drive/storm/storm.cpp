#include "drive/storm/storm.hpp"

#include "client/connection.hpp"
#include "drive/faults/choose.hpp"
#include "drive/faults/death.hpp"
#include "drive/faults/undo_right.hpp"
#include "drive/threads/thread_view.hpp"
#include "format/format.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <set>
#include <thread>
#include <tuple>
#include <utility>

namespace threadfault::drive {
namespace {

// A thread that ended, or one that the selector does not single out.
bool names_no_thread(ErrorCode code) {
    return code == ErrorCode::no_such_thread || code == ErrorCode::no_such_process ||
           code == ErrorCode::ambiguous_selector;
}

using client::Clock;

constexpr const char* kStopped =
    "target-stopped: the process is stopped (SIGSTOP, or a debugger); nothing was sent";

class Storm {
public:
    Storm(const observe::Process& process, const StepListener& told,
          const std::function<bool()>& stopped)
        : process_(process),
          connection_(process),
          death_(process.pid()),
          told_(told),
          stopped_(stopped),
          begin_(Clock::now()) {}

    // False: the storm was ended early.
    bool wait_until(std::chrono::nanoseconds at) {
        using namespace std::chrono_literals;
        for (;;) {
            if (stopped_() || death_.has_ended()) return false;
            const auto left = begin_ + at - Clock::now();
            if (left <= 0ns) return true;
            std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(left, 20ms));
        }
    }

    // Nothing takes effect in a stopped process, and asking its agent only takes time.
    bool is_stopped() const { return connection_.is_stopped(); }

    // The candidates in the order of their paths, which is the same from run to run; where paths
    // are not known, in the order of their births.
    std::vector<Victim> candidates(const std::string& selector) {
        std::vector<Victim> victims;
        if (is_stopped()) return victims;
        try {
            victims = choose(process_, connection_,
                             parse_selector(selector.empty() ? "name=*" : selector),
                             {.pick = Pick::all, .seed = {}});
        } catch (const Error& error) {
            if (!names_no_thread(error.error_code()) && error.code() != ErrorCode::target_stopped) {
                throw;
            }
        }
        const bool pathless = connection_.guardian() != 0;
        std::erase_if(victims, [&](const Victim& victim) {
            return (victim.path.empty() && !pathless) || (selector.empty() && victim.main);
        });
        if (pathless) {
            std::stable_sort(victims.begin(), victims.end(), [](const Victim& a, const Victim& b) {
                return std::pair(a.start_ticks, a.tid) < std::pair(b.start_ticks, b.tid);
            });
        }
        return victims;
    }

    // Those of that name, main aside.
    std::vector<Victim> namesakes(const std::string& name) {
        std::vector<Victim> victims = candidates("");
        std::erase_if(victims, [&](const Victim& victim) { return victim.name != name; });
        return victims;
    }

    // The thread that a recorded step was about.
    std::optional<Victim> find(const StormStep& recorded) {
        std::vector<Victim> victims;
        if (!recorded.path.empty()) victims = candidates("path=" + recorded.path);
        if (recorded.of_name) victims = namesakes(recorded.name);
        const std::size_t index = recorded.of_name.value_or(0);
        if (index >= victims.size()) return std::nullopt;
        return victims[index];
    }

    // Says which one it is, so that another run can find it.
    void name_victim(const Victim& victim, StormStep* step) {
        step->path = victim.path;
        step->name = victim.name;
        if (!victim.path.empty()) return;
        const std::vector<Victim> all = namesakes(victim.name);
        const auto found = std::find_if(
            all.begin(), all.end(), [&](const Victim& other) { return other.tid == victim.tid; });
        if (found != all.end()) step->of_name = static_cast<std::size_t>(found - all.begin());
    }

    // `meant`: says which thread it is to be, or was, whether or not it is there.
    void step(const StormStep& meant, const StormFault& fault, const Victim* victim) {
        StormStep step;
        step.number = meant.number;
        step.at = Clock::now() - begin_;
        step.fault = fault.text;
        step.path = meant.path;
        step.name = meant.name;
        step.of_name = meant.of_name;
        step.outcome = "no-such-thread";
        if (is_stopped()) {
            step.outcome = to_string(Outcome::refused);
            step.reason = kStopped;
        } else if (victim != nullptr) {
            step.name = victim->name;
            step.tid = victim->tid;
            try {
                const std::vector<Result> results =
                    inflict(process_, connection_, {*victim}, fault.plan);
                step.outcome = to_string(results.front().outcome);
                step.reason = results.front().reason;
            } catch (const Error& error) {
                if (error.code() == ErrorCode::target_stopped) {
                    step.outcome = to_string(Outcome::refused);
                    step.reason = kStopped;
                } else if (error.code() == ErrorCode::not_permitted) {
                    // The target gave up its right to undo a demotion in the middle of the storm.
                    step.outcome = to_string(Outcome::refused);
                    step.reason = formatted("not-permitted: {}", error.what());
                } else if (!names_no_thread(error.error_code())) {
                    throw;
                }
                // Otherwise it ended by itself between the choice and the fault.
            }
        }
        told_(step);
        ++end_.steps;
    }

    // Checked first, because a storm must undo everything that it does.
    void require_undoable(const StormFault& fault, const std::vector<Victim>& victims) {
        drive::require_undoable(process_, &connection_, victims, fault.plan);
    }

    bool over() const { return death_.has_ended() || !process_.alive(); }

    StormEnd finish() {
        end_.stopped = !over() && is_stopped();
        if (over()) {
            const std::optional<int> status = end_.wait_status = death_.wait_status();
            // Of itself, in the way that it means to end.
            const bool in_order = status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0;
            (in_order ? end_.target_ended : end_.target_died) = DeathWatch::text_of(status);
        } else if (!end_.stopped) {
            const std::vector<Victim> faulty = choose_faulty(process_, connection_);
            const Plan thaw({.fault = wire::Fault::thaw});
            for (const Result& result : inflict(process_, connection_, faulty, thaw)) {
                if (result.outcome == Outcome::done) ++end_.undone;
            }
        }
        return end_;
    }

private:
    const observe::Process& process_;
    client::Connection connection_;
    const DeathWatch death_;
    const StepListener& told_;
    const std::function<bool()>& stopped_;
    const Clock::time_point begin_;
    StormEnd end_;
};

void undo_what_is_possible(Storm& storm) {
    try {
        storm.finish();
    } catch (const Error&) {
        // What ended the storm is what is told.
    }
}

// A target that dies during a storm is a finding, not an error. Of every other error, what is in
// force is undone before it goes on.
template <typename Body>
StormEnd weather(Storm& storm, Body body) {
    try {
        body();
    } catch (const Error& error) {
        if (error.code() != ErrorCode::target_died && error.code() != ErrorCode::no_such_process &&
            error.code() != ErrorCode::no_agent) {
            undo_what_is_possible(storm);
            throw;
        }
    }
    return storm.finish();
}

bool is_demotion(const StormFault& fault) {
    return fault.plan.fault() == wire::Fault::demote;
}

}  // namespace

StormEnd run_storm(const observe::Process& process, const StormOptions& options,
                   const StepListener& told, const std::function<bool()>& stopped) {
    Storm storm(process, told, stopped);
    for (const StormFault& fault : options.faults) {
        if (is_demotion(fault)) storm.require_undoable(fault, storm.candidates(options.selector));
    }
    return weather(storm, [&] {
        StormDice dice(options.seed);
        std::chrono::nanoseconds at{};
        for (std::size_t number = 1; !storm.over(); ++number) {
            at += dice.pause(options.every);
            const std::size_t fault = dice.pick(options.faults.size());
            // Drawn before the threads are looked at: their number must not shift the sequence.
            const std::size_t draw = dice.pick(SIZE_MAX);
            if (at > options.duration || !storm.wait_until(at)) return;
            const std::vector<Victim> victims = storm.candidates(options.selector);
            const Victim* const victim =
                victims.empty() ? nullptr : &victims[draw % victims.size()];
            StormStep meant;
            meant.number = number;
            if (victim != nullptr) storm.name_victim(*victim, &meant);
            storm.step(meant, options.faults[fault], victim);
        }
    });
}

StormEnd replay_storm(const observe::Process& process, const std::vector<StormStep>& steps,
                      const StepListener& told, const std::function<bool()>& stopped) {
    Storm storm(process, told, stopped);
    std::set<std::tuple<std::string, std::string, std::string, std::size_t>> asked;
    for (const StormStep& recorded : steps) {
        const StormFault fault = parse_storm_faults(recorded.fault).front();
        if (!is_demotion(fault)) continue;
        const auto known = asked.emplace(recorded.fault, recorded.path, recorded.name,
                                         recorded.of_name.value_or(0));
        if (!known.second) continue;
        if (const auto victim = storm.find(recorded)) storm.require_undoable(fault, {*victim});
    }
    return weather(storm, [&] {
        for (const StormStep& recorded : steps) {
            if (storm.over() || !storm.wait_until(recorded.at)) return;
            const std::optional<Victim> victim = storm.find(recorded);
            storm.step(recorded, parse_storm_faults(recorded.fault).front(),
                       victim ? &*victim : nullptr);
        }
    });
}

}  // namespace threadfault::drive
