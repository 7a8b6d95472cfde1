// What the steps of a test do; expectations.cpp has those that judge.
#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "base/fault.hpp"
#include "format/format.hpp"
#include "scenario/command.hpp"
#include "scenario/run/session.hpp"

#include <vector>

namespace threadfault::scenario {
namespace {

std::string in_words(Duration time) {
    return base::short_duration(std::chrono::duration<double>(time).count());
}

std::string describe(const FaultResult& result) {
    std::string text = formatted("{} {}", result.tid, base::clean_line(result.name));
    if (!result.path.empty()) text += formatted(" ({})", result.path);
    text += formatted(": {}, {}", to_string(result.outcome), in_words(result.took));
    if (!result.reason.empty()) text += ": " + base::clean_line(result.reason);
    return text;
}

template <typename... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace

Target& Session::process_for(const Step& step) {
    if (!step.process) return *target_;
    const ProcessSpec& wanted = *step.process;
    // The same words mean the same process for as long as it lives: one that has lost its last
    // thread but main is found no more.
    const std::string words = formatted("{} {} {}", wanted.children, wanted.first, wanted.command);
    const auto before = chosen_.find(words);
    if (before != chosen_.end()) {
        const auto same = others_.find(before->second);
        if (same != others_.end() && same->second.alive()) return same->second;
    }
    std::vector<pid_t> found;
    eventually(wanted.within, [&] {
        found = candidates(wanted);
        return !found.empty();
    });
    if (found.empty()) {
        throw StepFailed{
            FailureKind::no_such_process,
            formatted("no process of the target matches \"process\" within {}{}",
                      in_words(wanted.within),
                      test_.target.attach.given()
                          ? ""
                          : "; a process is found once it has the shim and a second thread")};
    }
    if (found.size() > 1 && !wanted.first) {
        throw StepFailed{FailureKind::several_processes,
                         formatted("{} processes match \"process\": {}; narrow it by command or "
                                   "children, or use first",
                                   found.size(), joined(found, ", "))};
    }
    const pid_t pid = found.front();
    if (pid == target_->pid()) return *target_;
    const auto known = others_.find(pid);
    // The number may be another process's by now.
    if (known != others_.end() && !known->second.alive()) others_.erase(known);
    chosen_[words] = pid;
    return others_.try_emplace(pid, Target::attach_to(pid)).first->second;
}

void Session::do_step(const Step& step, std::size_t index) {
    subject_ = &process_for(step);
    if (subject_ != &*target_) note(formatted("process {}:", subject_->pid()));
    std::visit(Overloaded{
                   [&](const FaultStep& fault) { do_fault(fault, index); },
                   [&](const InjectStep& inject) { do_inject(inject, index); },
                   [&](const WaitStep& wait) { do_wait(wait); },
                   [&](const WaitForThreadStep& wait) { do_wait_for_thread(wait); },
                   [&](const RunStep& run) { do_run(run); },
                   [&](const Expectation& expectation) { expect(expectation); },
               },
               step.what);
}

Target::Results Session::run_fault(const FaultStep& step, const FaultStep::Options& options) {
    const std::string selector = fill(step.selector);
    const FaultOptions plain{options.pick, options.seed, options.wait};
    const LastingOptions lasting{options.pick, options.seed, options.wait, options.duration};
    switch (step.verb) {
        case Verb::kill:
            return subject_->kill(selector, {options.pick, options.seed, options.wait, options.how,
                                             options.anywhere});
        case Verb::signal:
            return subject_->signal(selector, step.signal, step.value, plain);
        case Verb::freeze:
            return subject_->freeze(selector, lasting);
        case Verb::thaw:
            return subject_->thaw(selector, plain);
        case Verb::slow:
            return subject_->slow(selector, step.percent, lasting);
        case Verb::delay:
            return subject_->delay(selector, step.time, plain);
        case Verb::spin:
            return subject_->spin(selector, step.time, plain);
        case Verb::interrupt:
            return subject_->interrupt(selector, plain);
        case Verb::demote:
            return subject_->demote(selector, step.demotion, lasting);
        case Verb::none:
            break;
    }
    return {};
}

void Session::do_fault(const FaultStep& step, std::size_t index) {
    FaultStep::Options options = step.options;
    if (options.pick == Pick::random && !options.seed) options.seed = seed_of(index);
    const Target::Results results = run_fault(step, options);
    std::string undone;
    for (const FaultResult& result : results) {
        const std::string text = formatted("{} {}", base::info(step.verb).name, describe(result));
        note(text);
        // The target's death is for the next expectation to judge.
        const bool done = result.took_effect() || result.outcome == Outcome::target_died;
        if (!done && undone.empty()) undone = text;
        const bool lives = result.outcome == Outcome::done && subject_ == &*target_;
        victim_ = lives ? std::to_string(result.tid) : "";
    }
    if (!undone.empty())
        throw StepFailed{FailureKind::no_effect, "the fault did not take effect: " + undone};
}

void Session::do_inject(const InjectStep& step, std::size_t index) {
    const std::string spec = fill(step.spec);
    const std::uint32_t number =
        subject_->inject(spec, step.force, step.seed ? *step.seed : seed_of(index));
    note(formatted("inject {}: number {}", spec, number));
}

void Session::do_wait(const WaitStep& step) {
    stop_.sleep_until(Clock::now() + step.time);
}

void Session::do_wait_for_thread(const WaitForThreadStep& step) {
    const std::string selector = fill(step.selector);
    if (eventually(step.within, [&] { return !subject_->threads(selector).empty(); })) {
        note(formatted("thread {}: found", selector));
        return;
    }
    throw StepFailed{FailureKind::no_such_thread,
                     formatted("no thread matches {} within {}", selector, in_words(step.within))};
}

void Session::do_run(const RunStep& step) {
    const std::string line = fill(step.command);
    const CommandResult result =
        run_command({"/bin/sh", "-c", line}, {variables(), placeholders_.dir},
                    Clock::now() + step.within, stop_);
    note(formatted("run {}: it {}", line, result.text()));
    if (result.end == CommandResult::End::exited && result.code == step.exit_code) return;
    std::string message =
        formatted("the command {}, expected exit code {}", result.text(), step.exit_code);
    if (!result.output.empty()) message += "\n" + result.output;
    throw StepFailed{FailureKind::command_failed, message};
}

}  // namespace threadfault::scenario
