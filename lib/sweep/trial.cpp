#include "sweep/trial.hpp"

#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "base/signal_name.hpp"
#include "drive/locks/lock_graph.hpp"
#include "format/format.hpp"
#include "sweep/stage.hpp"
#include "threadfault/error.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <map>

namespace threadfault::sweep {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

nanoseconds time_of(double seconds) {
    return nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

std::string text_of(double seconds) {
    return base::short_duration(seconds);
}

// All of a few, and of many how many there are.
std::string some_of(const std::vector<std::string>& names) {
    constexpr std::size_t kMost = 5;
    if (names.size() <= kMost) return joined(names, ", ");
    const std::vector<std::string> first(names.begin(), names.begin() + (kMost - 1));
    return formatted("{} and {} more threads", joined(first, ", "), names.size() - first.size());
}

// A run with one fault, and what is thought of it.
class Trial {
public:
    Trial(const Setup& setup, const Options& options, const Baseline& baseline,
          const Experiment& experiment, const scenario::Stop& stop)
        : options_(options),
          baseline_(baseline),
          experiment_(experiment),
          stop_(stop),
          file_(experiment.order_for_shim()),
          stage_(setup, &file_, stop) {
        result_.id = experiment.id;
    }

    Result run() {
        if (baseline_.service) {
            run_service();
        } else {
            run_batch();
        }
        stage_.running().end();
        result_.seconds = stage_.running().seconds();
        note_errors();
        if (stop_.requested())
            say(Outcome::inconclusive, Code::sweep_ended, "the sweep was ended meanwhile");
        return result_;
    }

private:
    using Code = SummaryCode;

    Running& running() { return stage_.running(); }
    bool say(Outcome outcome, Code code, std::string summary) {
        result_.outcome = outcome;
        result_.code = code;
        result_.summary = std::move(summary);
        return true;
    }
    // The last resort, and a generous one: machines are slow at times.
    double limit(double alone) const {
        return options_.timeout > 0 ? options_.timeout : 10 * alone + 3;
    }
    nanoseconds hold() const { return experiment_.deed.duration; }

    void run_batch() {
        const TimePoint begin = running().begin();
        const TimePoint end = begin + time_of(limit(baseline_.seconds)) + hold();
        const nanoseconds half = time_of(std::min(baseline_.seconds / 2, 0.5));
        nanoseconds pause = std::max<nanoseconds>(40ms, half);
        // Most runs end before anybody needs to look.
        TimePoint next = begin + time_of(baseline_.seconds) + hold() + pause;
        while (true) {
            if (running().wait(std::min(next, end), stop_)) return judge_end();
            if (stop_.requested()) return;
            if (running().too_much_output()) {
                say(Outcome::inconclusive, Code::output_too_long, "it printed more than 64 MiB");
                return;
            }
            if (file_.fired() && time_since_fault() >= hold() && is_stuck()) return;
            if (Clock::now() >= end) return judge_timeout();
            next = Clock::now() + pause;
            pause = std::min<nanoseconds>(2 * pause, 1s);
        }
    }

    void run_service() {
        if (!stage_.wait_until_ready()) {
            if (running().ended()) return judge_end();
            if (stop_.requested()) return;
            if (!file_.fired()) {
                say(Outcome::inconclusive, Code::not_ready, "the program was not ready in time");
            } else if (!is_stuck()) {
                say(Outcome::stuck, Code::never_ready, "the program never became ready");
            }
            return;
        }
        const TimePoint ready = Clock::now();
        stage_.begin_work();
        const double window = options_.window > 0 ? options_.window : 1;
        const TimePoint last = ready + (stage_.has_work() ? time_of(limit(baseline_.work_seconds))
                                                          : time_of(2 * window + 1));
        while (!file_.fired() && Clock::now() < last) {
            if (running().wait(Clock::now() + 5ms, stop_)) return judge_end();
            if (stop_.requested()) return;
            if (stage_.has_work() && stage_.work_is_done(Clock::now())) break;
        }
        // What is passed when the program is told to stop is reached only then.
        if (file_.fired() && settle()) return;
        if (!shut_down()) return;
        if (!file_.fired()) say(Outcome::not_reached, Code::not_reached, not_reached());
    }

    // True: the outcome is known.
    bool settle() {
        const TimePoint until = Clock::now() + hold() + time_of(options_.settle);
        nanoseconds pause = 50ms;
        while (Clock::now() < until) {
            if (running().wait(std::min(until, Clock::now() + pause), stop_)) return end_known();
            if (stop_.requested()) return true;
            if (time_since_fault() >= hold() && is_stuck()) return true;
            pause = 100ms;
        }
        if (stage_.has_work()) {
            const TimePoint last = Clock::now() + time_of(limit(baseline_.work_seconds));
            while (!stage_.work_is_done(Clock::now() + 50ms)) {
                if (running().wait(Clock::now(), stop_)) return end_known();
                if (stop_.requested()) return true;
                if (Clock::now() >= last) {
                    if (is_stuck()) return true;
                    note_state();
                    stage_.work_problem();
                    return say(Outcome::stuck, Code::workload_endless,
                               formatted("the workload did not end within {}; alone it takes {}",
                                         text_of(limit(baseline_.work_seconds)),
                                         text_of(baseline_.work_seconds)));
                }
                if (is_stuck()) return true;
            }
            if (std::string problem = stage_.work_problem(); !problem.empty()) {
                if (running().wait(Clock::now() + 50ms, stop_)) return end_known();
                return say(Outcome::wrong_result, Code::workload_failed, problem);
            }
        }
        return stage_.has_probes() && probe();
    }

    bool probe() {
        constexpr unsigned kStreak = 3;
        const TimePoint begin = Clock::now();
        const TimePoint last = begin + 5s;
        unsigned healthy = 0;
        unsigned sick = 0;
        std::string why;
        while (healthy < kStreak) {
            const std::string now = stage_.probe(Clock::now() + 2s);
            if (running().wait(Clock::now(), stop_)) return end_known();
            if (stop_.requested()) return true;
            healthy = now.empty() ? healthy + 1 : 0;
            if (!now.empty()) {
                ++sick;
                why = now;
                if (is_stuck()) return true;
                if (Clock::now() >= last)
                    return say(Outcome::wrong_result, Code::probe_failed, why + ", for good");
                (void)stop_.sleep_until(Clock::now() + 100ms);
            }
        }
        if (sick == 0) return false;
        return say(Outcome::degraded, Code::recovered,
                   formatted("{}; healthy again after {}", why,
                             text_of(std::chrono::duration<double>(Clock::now() - begin).count())));
    }

    // False: the outcome is known.
    bool shut_down() {
        if (!baseline_.stops) {
            if (file_.fired()) judge_survivor();
            return !file_.fired();
        }
        running().signal(SIGTERM);
        const TimePoint told = Clock::now();
        const TimePoint end = told + time_of(limit(baseline_.stop_seconds)) + hold();
        nanoseconds pause = 100ms;
        while (!running().wait(std::min(end, Clock::now() + pause), stop_)) {
            if (stop_.requested()) return false;
            const bool fired = file_.fired();
            if (fired && time_since_fault() >= hold() && is_stuck("while it shut down")) {
                return false;
            }
            if (Clock::now() >= end) {
                if (!fired) return true;
                note_state();
                say(Outcome::stuck, Code::did_not_shut_down,
                    formatted("it did not shut down within {}; alone it takes {}",
                              text_of(limit(baseline_.stop_seconds)),
                              text_of(baseline_.stop_seconds)));
                return false;
            }
            pause = std::min<nanoseconds>(2 * pause, 1s);
        }
        if (!file_.fired()) return true;
        judge_status(true);
        return false;
    }

    nanoseconds time_since_fault() const {
        return Clock::now().time_since_epoch() - nanoseconds(file_.content().event.time_ns);
    }

    std::string not_reached() const {
        const std::uint32_t seen = file_.content().event.seen.load();
        return formatted("the thread passed the point {} time{}, not {}", seen,
                         seen == 1 ? "" : "s", experiment_.occurrence);
    }

    bool is_stuck(std::string_view when = "") {
        std::optional<drive::WatchReport> report = stage_.watch(100ms);
        if (!report || report->verdict != Progress::stuck) return false;
        // What is stuck stays stuck.
        report = stage_.watch(150ms);
        if (!report || report->verdict != Progress::stuck) return false;
        take(*report);
        std::string summary = result_.stuck_behind.empty()
                                  ? "no thread is left that could wake the others"
                                  : formatted("{} wait{} for ever", some_of(result_.stuck_behind),
                                              result_.stuck_behind.size() == 1 ? "s" : "");
        if (!when.empty()) summary += formatted(" {}", when);
        return say(Outcome::stuck,
                   result_.stuck_behind.empty() ? Code::nobody_left : Code::wait_for_ever, summary);
    }

    void take(const drive::WatchReport& report) {
        result_.evidence = report.evidence;
        result_.lock_tree = drive::lock_tree(report.locks);
        result_.stuck_behind.clear();
        std::vector<pid_t> stuck;
        for (const drive::Lock& lock : report.locks.locks) {
            const std::vector<pid_t>& behind = lock.orphaned ? lock.stuck_behind : lock.waiters;
            stuck.insert(stuck.end(), behind.begin(), behind.end());
        }
        std::sort(stuck.begin(), stuck.end());
        stuck.erase(std::unique(stuck.begin(), stuck.end()), stuck.end());
        // Names, not numbers: they are the same in the next run.
        const std::map<pid_t, std::string> names = stage_.thread_names();
        for (const pid_t tid : stuck) {
            const auto called = names.find(tid);
            const auto name = report.locks.names.find(tid);
            if (called != names.end()) {
                result_.stuck_behind.push_back(called->second);
            } else if (name != report.locks.names.end()) {
                result_.stuck_behind.push_back(name->second);
            }
        }
        std::sort(result_.stuck_behind.begin(), result_.stuck_behind.end());
    }

    // What its threads do, where they should be done. False: it can't be looked at.
    bool note_state() {
        const auto report = stage_.watch(300ms);
        if (!report) return false;
        take(*report);
        result_.evidence.insert(result_.evidence.begin(),
                                formatted("watch: {}", to_string(report->verdict)));
        return true;
    }

    void judge_timeout() {
        if (!file_.fired()) {
            say(Outcome::inconclusive, Code::not_reached_in_time,
                formatted("it ran for {}, and the point was not reached; alone it takes {}",
                          text_of(running().seconds()), text_of(baseline_.seconds)));
            return;
        }
        if (is_stuck()) return;
        if (running().wait(Clock::now() + (note_state() ? 0ms : 100ms), stop_)) return judge_end();
        say(Outcome::stuck, Code::did_not_end,
            formatted("it did not end within {}; alone it takes {}", text_of(running().seconds()),
                      text_of(baseline_.seconds)));
    }

    bool end_known() {
        judge_end();
        return true;
    }

    void judge_end() {
        if (!file_.fired()) {
            say(Outcome::not_reached, Code::not_reached, not_reached());
            return;
        }
        judge_status(false);
    }

    bool is_good_exit(int code) const {
        return std::find(options_.good_exits.begin(), options_.good_exits.end(), code) !=
               options_.good_exits.end();
    }

    bool is_close_in_destructor() {
        return experiment_.call == Call::close && experiment_.deed.name == "cancel" &&
               running().errors().find("terminate called") != std::string::npos;
    }
    bool asked_for_cancel() const { return !options_.how.empty() || !options_.reproduce.empty(); }

    // `stopped`: a service that was told to.
    void judge_status(bool stopped) {
        const int status = running().status();
        const bool as_alone = status == baseline_.status && (stopped || !baseline_.service);
        // A call that fails is there to be reported; who reports it and gives up has not failed.
        const bool may_give_up =
            experiment_.deed.action == Action::error && !experiment_.deed.is_everyday();
        if (WIFSIGNALED(status) && !as_alone) {
            const int number = WTERMSIG(status);
            const std::string name = base::signal_name(number);
            if (number == SIGABRT && may_give_up) {
                say(Outcome::survived, Code::gave_up, "it gave up, and aborted");
            } else if (number == SIGABRT && !asked_for_cancel() && is_close_in_destructor()) {
                // True of every destructor that closes a descriptor: none lets an unwinding out.
                say(Outcome::inconclusive, Code::close_in_destructor,
                    "cancelled in a close() that nothing may be thrown from, as in a destructor: "
                    "this ends every such program; --how cancel counts it");
            } else if (number == SIGABRT) {
                say(Outcome::aborted, Code::aborted, formatted("the process aborted ({})", name));
            } else {
                say(Outcome::crashed, Code::ended_by_signal,
                    formatted("the process was ended by {}", name));
            }
            return;
        }
        const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
        if (!as_alone && code != 0 && !is_good_exit(code)) {
            if (may_give_up) {
                say(Outcome::survived, Code::gave_up,
                    formatted("it gave up with exit code {}", code));
                return;
            }
            const std::string expected =
                baseline_.service ? "" : formatted(" instead of {}", WEXITSTATUS(baseline_.status));
            say(Outcome::wrong_result, Code::other_exit_code,
                formatted("it ended with exit code {}{}", code, expected));
            return;
        }
        if (!as_alone && !baseline_.service && code == 0 && !is_good_exit(0)) {
            say(Outcome::wrong_result, Code::other_exit_code,
                formatted("it ended with exit code 0 instead of {}",
                          WEXITSTATUS(baseline_.status)));
            return;
        }
        if (as_alone && !baseline_.service && !options_.ignore_output) {
            const std::string missing = baseline_.missing(running().output());
            const bool reported = may_give_up && baseline_.says_more(running().errors());
            if (!missing.empty() && !reported) {
                say(Outcome::wrong_result, Code::output_missing,
                    formatted("its output lacks the line \"{}\"", base::clean_line(missing)));
                return;
            }
        }
        judge_survivor();
    }

    // It lives, or has ended as it should. What has the dead thread left behind?
    void judge_survivor() {
        const wire::PassageEvent& event = file_.content().event;
        const bool unwound = experiment_.deed.ends_thread() &&
                             experiment_.deed.death != wire::Fault::vanish &&
                             event.over.load(std::memory_order_acquire) != 0;
        unsigned left = 0;
        for (std::uint32_t i = 0; i < std::min<std::uint32_t>(event.held_count, wire::kPassageHeld);
             ++i) {
            if (event.held[i].robust == 0) ++left;
        }
        if (unwound && left > 0) {
            say(Outcome::leaked, Code::lock_left,
                left == 1 ? std::string("the thread left a lock locked")
                          : formatted("the thread left {} locks locked", left));
            return;
        }
        say(Outcome::survived, Code::as_alone, "");
    }

    void note_errors() {
        constexpr std::size_t kMostLines = 12;
        const std::vector<std::string> lines = base::lines_of(base::clean_text(running().errors()));
        const std::size_t first = lines.size() - std::min(lines.size(), kMostLines);
        for (std::size_t i = first; i < lines.size(); ++i)
            result_.errors += lines[i].substr(0, 300) + "\n";
    }

    const Options& options_;
    const Baseline& baseline_;
    const Experiment& experiment_;
    const scenario::Stop& stop_;
    PassageFile file_;
    Stage stage_;
    Result result_;
};

}  // namespace

Result run_experiment(const Setup& setup, const Options& options, const Baseline& baseline,
                      const Experiment& experiment, const scenario::Stop& stop) {
    try {
        return Trial(setup, options, baseline, experiment, stop).run();
    } catch (const Error& error) {
        Result result;
        result.id = experiment.id;
        result.code = SummaryCode::not_run;
        result.summary = error.what();
        return result;
    }
}

}  // namespace threadfault::sweep
