// Matchers for GoogleTest: what a target should do after a fault.
//
//   TEST(Server, SurvivesTheLossOfAnyWorker) {
//       ForEachThread("name=worker", launch_server, [](Target& server, const ThreadInfo& worker) {
//           ASSERT_THAT(server.kill(worker.selector(), {.how = How::vanish}), TookEffect());
//           EXPECT_THAT(server, AnswersTo(ping, 5s));
//       });
//   }
//
// A matcher that fails prints how the target ended or what its threads wait for, and the stack of
// the latest victim before the fault.
#ifndef THREADFAULT_GTEST_HPP
#define THREADFAULT_GTEST_HPP

#include "threadfault/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace threadfault {

// --- what GoogleTest prints ----------------------------------------------------------------------

inline void PrintTo(const FaultResult& result, std::ostream* stream) {
    *stream << result.tid << ' ' << result.name << " (" << result.path
            << "): " << to_string(result.outcome);
    if (!result.reason.empty()) *stream << ", " << result.reason;
}

inline void PrintTo(const Target& target, std::ostream* stream) {
    *stream << "target";
    for (const std::string& word : target.command())
        *stream << ' ' << word;
    *stream << " (process " << target.pid() << ')';
}

inline void PrintTo(const ThreadInfo& thread, std::ostream* stream) {
    *stream << thread.tid << ' ' << thread.name;
    if (!thread.path.empty()) *stream << " (" << thread.path << ')';
}

namespace matchers {

struct Finding {
    bool matches = false;
    std::string text;
};

inline std::string indented(const std::string& text) {
    std::istringstream lines(text);
    std::string result;
    for (std::string line; std::getline(lines, line);)
        result += "\n    " + line;
    return result;
}

// The state of a target, for the explanation of a failed match.
inline std::string state_of(const Target& target, const WatchReport* watched = nullptr) {
    std::string text;
    try {
        if (!target.alive()) {
            const auto exit = target.wait_exit(std::chrono::seconds(1));
            text += "the process " + (exit ? *exit : Exit{}).text();
        } else {
            WatchReport looked;
            if (watched == nullptr) {
                looked = target.watch(std::chrono::milliseconds(300));
                watched = &looked;
            }
            text += "the process is " + std::string(to_string(watched->verdict));
            for (const std::string& evidence : watched->evidence)
                text += "\n  " + evidence;
            if (!watched->locks.tree.empty()) {
                text += "\n  locks:" + indented(watched->locks.tree);
            }
        }
    } catch (const std::exception& error) {
        text += error.what();
    }
    const std::string stack = target.last_stack();
    if (!stack.empty()) text += "\n  stack of the latest victim before it ended:" + indented(stack);
    const std::string errors = target.errors();
    if (!errors.empty()) {
        constexpr std::size_t kMost = 1000;
        text += "\n  standard error:" +
                indented(errors.substr(errors.size() - std::min(errors.size(), kMost)));
    }
    return text;
}

class TargetMatcher {
public:
    using is_gtest_matcher = void;

    TargetMatcher(std::string description, std::string negation,
                  std::function<Finding(const Target&)> look)
        : description_(std::move(description)),
          negation_(std::move(negation)),
          look_(std::move(look)),
          kept_(std::make_shared<Kept>()) {}

    bool MatchAndExplain(const Target& target, testing::MatchResultListener* listener) const {
        // GoogleTest asks twice when the answer is no, the second time for the explanation. The
        // second answer is the first one: looking takes time, and changes what is looked at.
        if (listener->IsInterested() && kept_->target == &target) {
            *listener << kept_->text;
            kept_->target = nullptr;
            return false;
        }
        Finding finding;
        try {
            finding = look_(target);
        } catch (const std::exception& error) {
            finding = {false, std::string(error.what()) + "\n  " + state_of(target)};
        }
        if (listener->IsInterested()) *listener << finding.text;
        kept_->target = nullptr;
        if (!finding.matches && !listener->IsInterested()) {
            *kept_ = {&target, std::move(finding.text)};
        }
        return finding.matches;
    }
    void DescribeTo(std::ostream* stream) const { *stream << description_; }
    void DescribeNegationTo(std::ostream* stream) const { *stream << negation_; }

private:
    struct Kept {
        const Target* target = nullptr;
        std::string text = {};
    };
    std::string description_;
    std::string negation_;
    std::function<Finding(const Target&)> look_;
    std::shared_ptr<Kept> kept_;
};

inline std::string seconds_text(std::chrono::nanoseconds time) {
    std::ostringstream stream;
    stream << std::chrono::duration<double>(time).count() << " s";
    return stream.str();
}

template <typename Probe>
bool ask(const Probe& probe, const Target& target) {
    if constexpr (std::is_invocable_v<const Probe&, const Target&>) {
        return static_cast<bool>(probe(target));
    } else {
        return static_cast<bool>(probe());
    }
}

}  // namespace matchers

// --- matchers on a Target ------------------------------------------------------------------------

// The process does not end within `duration`.
inline matchers::TargetMatcher StaysAlive(std::chrono::nanoseconds duration) {
    const std::string time = matchers::seconds_text(duration);
    return {"stays alive for " + time, "ends within " + time,
            [duration](const Target& target) -> matchers::Finding {
                if (target.alive() && !target.wait_exit(duration)) return {true, "which it did"};
                return {false, matchers::state_of(target)};
            }};
}

// Target::watch() for `duration` says "progressing". A target that only waits for input is idle and
// does not match: give it work to do.
inline matchers::TargetMatcher Progresses(std::chrono::nanoseconds duration) {
    const std::string time = matchers::seconds_text(duration);
    return {
        "makes progress within " + time, "makes no progress for " + time,
        [duration](const Target& target) -> matchers::Finding {
            const WatchReport report = target.watch(duration);
            return {report.verdict == Progress::progressing, matchers::state_of(target, &report)};
        }};
}

// No thread waits for a lock whose owner is dead.
inline matchers::TargetMatcher HasNoOrphanedLocks() {
    return {"has no orphaned locks", "has orphaned locks",
            [](const Target& target) -> matchers::Finding {
                return {!target.locks().has_orphans(), matchers::state_of(target)};
            }};
}

// The process exits with status `code` within `within`.
inline matchers::TargetMatcher ExitsWith(
    int code, std::chrono::nanoseconds within = std::chrono::seconds(10)) {
    const std::string text = std::to_string(code);
    return {"exits with code " + text, "does not exit with code " + text,
            [code, within](const Target& target) -> matchers::Finding {
                const auto exit = target.wait_exit(within);
                if (exit && exit->code == code) return {true, "which it did"};
                return {false, (exit ? "" : "it still runs; ") + matchers::state_of(target)};
            }};
}

// `probe`, called with the target or without arguments, returns true within `within`. It is called
// again every 10 ms until then, and at least once. It must have a timeout of its own.
template <typename Probe>
matchers::TargetMatcher AnswersTo(Probe probe,
                                  std::chrono::nanoseconds within = std::chrono::seconds(0)) {
    return {"answers the probe", "does not answer the probe",
            [probe = std::move(probe), within](const Target& target) -> matchers::Finding {
                const auto deadline = std::chrono::steady_clock::now() + within;
                while (!matchers::ask(probe, target)) {
                    if (std::chrono::steady_clock::now() >= deadline) {
                        return {false, "no answer; " + matchers::state_of(target)};
                    }
                    std::this_thread::sleep_for(std::chrono::milliseconds(10));
                }
                return {true, "which it did"};
            }};
}

// --- on results ----------------------------------------------------------------------------------

// Of FaultResults: there is at least one, and each fault took effect.
MATCHER(TookEffect, negation ? "did not take effect" : "took effect") {
    const std::vector<FaultResult>& results = arg;
    for (const FaultResult& result : results) {
        if (result.took_effect()) continue;
        *result_listener << "thread " << testing::PrintToString(result);
        return false;
    }
    return !results.empty();
}

// --- one test for every thread -------------------------------------------------------------------

namespace matchers {

// The threads that match; main only if nothing else does. Since threads may still be starting, the
// list is read until two consecutive reads have the same length.
inline std::vector<ThreadInfo> settled_threads(const Target& target, std::string_view selector) {
    target.wait_for_thread(selector);
    std::vector<ThreadInfo> threads;
    std::size_t before = 0;
    do {
        before = threads.size();
        std::this_thread::sleep_for(std::chrono::milliseconds(before == 0 ? 0 : 50));
        threads = target.threads(selector);
    } while (threads.size() != before);
    const auto is_main = [](const ThreadInfo& thread) { return thread.main; };
    if (!std::all_of(threads.begin(), threads.end(), is_main)) {
        threads.erase(std::remove_if(threads.begin(), threads.end(), is_main), threads.end());
    }
    return threads;
}

}  // namespace matchers

// Calls body(Target&, const ThreadInfo&) once for every thread that matches, each time on a new
// target from launch(). Throws Error "no_such_thread" when no thread matches. A failed expectation
// does not stop the remaining calls.
template <typename Launch, typename Body>
void ForEachThread(std::string_view selector, Launch launch, Body body) {
    const auto threads = matchers::settled_threads(launch(), selector);
    for (const ThreadInfo& thread : threads) {
        SCOPED_TRACE("thread " + thread.path + ' ' + thread.name);
        Target target = launch();
        // The path is the same in every run.
        const ThreadInfo same = target.wait_for_thread("path=" + thread.path);
        body(target, same);
    }
}

}  // namespace threadfault

#endif  // THREADFAULT_GTEST_HPP
