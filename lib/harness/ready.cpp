// Waiting until a target can be tested.
#include "format/format.hpp"
#include "harness/impl.hpp"
#include "harness/listening.hpp"

namespace threadfault {
namespace {

using target::Clock;
using target::poll_until;

// The end of what a target said before it failed.
std::string tail(const std::string& title, const std::string& text) {
    constexpr std::size_t kMost = 2000;
    if (text.empty()) return "";
    return formatted("\n{}:\n{}", title,
                     text.size() <= kMost ? text : "…" + text.substr(text.size() - kMost));
}

}  // namespace

void Target::Impl::await_ready(const Target& self, const Ready& ready) const {
    const Clock::time_point deadline = target::deadline_after(ready.within);

    const auto fail = [&](const std::string& missing) {
        const std::optional<Exit> exit =
            self.alive() ? std::nullopt : self.wait_exit(std::chrono::seconds(1));
        const std::string said =
            tail("standard output", self.output()) + tail("standard error", self.errors());
        if (exit) {
            throw Error(ErrorCode::target_died, formatted("{} {} before it was ready ({}){}", who(),
                                                          exit->text(), missing, said));
        }
        throw Error(ErrorCode::not_ready, formatted("{} is not ready: {}{}", who(), missing, said));
    };
    const auto await = [&](const std::string& missing, const auto& condition) {
        bool met = false;
        poll_until(deadline, [&] {
            met = condition();
            return met || !self.alive();
        });
        // Its last output may contain the line that was awaited.
        if (!met && !self.alive() && self.wait_exit(std::chrono::seconds(1))) {
            met = condition();
        }
        if (!met) fail(missing);
    };
    if (!ready.output.empty()) {
        // Its lines are looked at again and again, so that the target's end is noticed between.
        await(formatted("no line of its output matches \"{}\"", ready.output),
              [&] { return self.wait_for_line(ready.output, {}, Stream::either).has_value(); });
    }
    if (!ready.listening.empty()) {
        await("it does not listen on " + ready.listening,
              [&] { return target::is_listening(self.pid(), ready.listening); });
    }
    if (!ready.thread.empty()) {
        await("no thread matches " + ready.thread, [&] {
            try {
                return !self.threads(ready.thread).empty();
            } catch (const Error& error) {
                if (error.code() == ErrorCode::target_died) return false;
                throw;
            }
        });
    }
}

}  // namespace threadfault
