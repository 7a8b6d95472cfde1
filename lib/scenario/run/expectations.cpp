// What is expected of a target, and what is seen of it.
#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "base/signal_name.hpp"
#include "format/format.hpp"
#include "scenario/match.hpp"
#include "scenario/run/session.hpp"

namespace threadfault::scenario {
namespace {

// The default time limit for what follows a fault immediately, generous for a busy machine.
constexpr Duration kPatience = std::chrono::seconds(10);

std::string duration_text(Duration time) {
    return base::short_duration(std::chrono::duration<double>(time).count());
}

std::string expected_end(const Expectation& expectation) {
    if (expectation.exit_code) return formatted("to exit with code {}", *expectation.exit_code);
    if (expectation.signal)
        return formatted("to be ended by {}", base::signal_name(*expectation.signal));
    return "to end";
}

std::string not_kept(std::size_t lost) {
    return lost == 0 ? ""
                     : formatted(
                           "; the first {} bytes of output were not kept (16 MiB of each "
                           "stream are)",
                           lost);
}

// Does it need a running target?
bool needs_life(const Expectation& expectation) {
    return expectation.alive == true || !expectation.probe.empty() || expectation.progresses ||
           expectation.no_orphaned_locks || expectation.threads || !expectation.threads_of.empty();
}

}  // namespace

void Session::expect(const Expectation& expectation) {
    if (expectation.foresees_end()) {
        expect_end(expectation);
    } else if (needs_life(expectation)) {
        expect_alive();
        if (!expectation.probe.empty()) expect_probe(expectation);
        expect_threads(expectation);
        if (expectation.progresses) expect_progress(expectation);
        // Checked last: by now, threads that will block on a dead thread's lock have done so.
        if (expectation.no_orphaned_locks) expect_locks(*expectation.no_orphaned_locks);
        expect_alive();
    }
    expect_output(expectation);
    note("as expected");
}

void Session::expect_end(const Expectation& expectation) {
    end_foreseen_ = true;
    std::optional<Exit> exit;
    eventually(kPatience, [&] {
        exit = target_->wait_exit(Duration::zero());
        return exit.has_value();
    });
    const std::string expected = expected_end(expectation);
    if (!exit)
        throw StepFailed{FailureKind::not_ended,
                         formatted("expected the target {}; it still runs", expected)};
    const bool as_expected = (!expectation.exit_code || exit->code == expectation.exit_code) &&
                             (!expectation.signal || exit->signal == expectation.signal);
    if (!as_expected)
        throw StepFailed{FailureKind::ended_otherwise,
                         formatted("expected the target {}; it {}", expected, exit->text())};
}

void Session::expect_alive() const {
    if (subject_->alive()) return;
    const std::optional<Exit> exit = subject_->wait_exit();
    throw StepFailed{FailureKind::not_alive, formatted("expected the target to stay alive; it {}",
                                                       exit ? exit->text() : "ended")};
}

void Session::expect_probe(const Expectation& expectation) {
    Prober& one = prober(expectation.probe);
    const Prober::Judgement judgement =
        expectation.recovers_within ? one.judge_recovery(*expectation.recovers_within, stop_)
                                    : one.judge_now(stop_);
    const std::string tries =
        formatted("{} of {} tries failed", judgement.failures, judgement.tries);
    if (judgement.healthy) {
        note(formatted("probe {}: healthy after {}, {}", expectation.probe,
                       duration_text(judgement.after), tries));
        return;
    }
    expect_alive();
    if (expectation.recovers_within) {
        throw StepFailed{FailureKind::probe_failed,
                         formatted("expected probe \"{}\" to recover within {}; {}, the last: {}",
                                   expectation.probe, duration_text(*expectation.recovers_within),
                                   tries, judgement.why)};
    }
    throw StepFailed{FailureKind::probe_failed,
                     formatted("expected probe \"{}\" to be healthy; {}, the last: {}",
                               expectation.probe, tries, judgement.why)};
}

void Session::expect_threads(const Expectation& expectation) const {
    const auto check = [&](const std::string& selector, std::size_t expected) {
        std::size_t seen = 0;
        const bool met = eventually(kPatience, [&] {
            seen =
                selector.empty() ? subject_->threads().size() : subject_->threads(selector).size();
            return seen == expected;
        });
        if (met) return;
        throw StepFailed{FailureKind::wrong_threads,
                         formatted("expected {} threads{}; there are {}", expected,
                                   selector.empty() ? "" : " that match " + selector, seen)};
    };
    if (expectation.threads) check("", *expectation.threads);
    for (const auto& [selector, expected] : expectation.threads_of)
        check(fill(selector), expected);
}

void Session::expect_progress(const Expectation& expectation) {
    watched_ = subject_->watch(expectation.watched);
    const bool progresses = watched_->verdict == Progress::progressing;
    note(formatted("watched for {}: {}", duration_text(expectation.watched),
                   to_string(watched_->verdict)));
    if (progresses != *expectation.progresses) {
        throw StepFailed{
            FailureKind::wrong_progress,
            formatted("expected the target {}to make progress; it is {}",
                      *expectation.progresses ? "" : "not ", to_string(watched_->verdict))};
    }
    watched_.reset();
}

void Session::expect_locks(bool free_of_orphans) {
    LockReport locks = subject_->locks();
    if (!free_of_orphans) {
        eventually(kPatience, [&] {
            locks = subject_->locks();
            return locks.has_orphans();
        });
    }
    if (locks.has_orphans() != free_of_orphans) return;
    throw StepFailed{free_of_orphans ? FailureKind::orphaned_locks : FailureKind::no_orphaned_locks,
                     free_of_orphans ? "expected no orphaned locks:\n" + locks.tree
                                     : std::string("expected orphaned locks; there are none")};
}

void Session::expect_output(const Expectation& expectation) const {
    if (!expectation.output.empty()) {
        const std::string pattern = fill(expectation.output);
        const Regex regex(pattern);
        const bool found = eventually(kPatience, [&] {
            return find_line(target_->output(), regex) || find_line(target_->errors(), regex);
        });
        if (!found) {
            throw StepFailed{FailureKind::output_missing,
                             formatted("expected a line of output that matches \"{}\"{}", pattern,
                                       not_kept(target_->lost_output()))};
        }
    }
    for (const std::string& given : expectation.log_free_of) {
        const std::string pattern = fill(given);
        const Regex regex(pattern);
        for (const std::string& text : {target_->output(), target_->errors()}) {
            if (const std::optional<std::string> line = find_line(text, regex)) {
                throw StepFailed{FailureKind::output_unwanted,
                                 formatted("expected no line of output that matches \"{}\": {}",
                                           pattern, base::clean_message(*line))};
            }
        }
        if (const std::size_t lost = target_->lost_output()) {
            throw StepFailed{
                FailureKind::output_lost,
                formatted("expected no line of output that matches \"{}\": that is not known{}",
                          pattern, not_kept(lost))};
        }
    }
}

}  // namespace threadfault::scenario
