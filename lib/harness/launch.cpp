// Launching a target, and waiting until it is ready.
#include "drive/programs/launch.hpp"

#include "format/format.hpp"
#include "harness/impl.hpp"
#include "harness/installation.hpp"
#include "harness/listening.hpp"
#include "inject/spec.hpp"
#include "observe/preloadable.hpp"

#include <unistd.h>

#include <algorithm>
#include <climits>

namespace threadfault {
namespace {

using target::Clock;
using target::poll_until;

constexpr std::string_view kPreload = "LD_PRELOAD";

std::vector<inject::Spec> specs_of(const std::string& program, const LaunchOptions& options) {
    std::vector<inject::Spec> specs;
    for (const std::string& text : options.inject)
        specs.push_back(inject::parse_spec(text, {.force = options.force, .seed = options.seed}));
    for (const std::string& text : options.on_start)
        specs.push_back(inject::parse_on_start(text));
    const std::string file = observe::check_program(program).path;
    for (inject::Spec& spec : specs)
        inject::resolve_start_routines(spec, file);
    return specs;
}

// The target may have another directory than we have.
void make_absolute(std::string* path) {
    if (path->empty() || path->front() == '/') return;
    char here[PATH_MAX];
    if (getcwd(here, sizeof here) != nullptr) *path = formatted("{}/{}", here, *path);
}

void set_variable(std::vector<std::string>* environment, const std::string& name,
                  const std::string& value) {
    const std::string start = name + "=";
    const auto found =
        std::find_if(environment->begin(), environment->end(),
                     [&](const std::string& entry) { return entry.starts_with(start); });
    if (found == environment->end()) {
        environment->push_back(start + value);
    } else if (name == kPreload) {
        *found += ":" + value;  // the shim stays where it must be, in front
    } else {
        *found = start + value;
    }
}

drive::Launch prepare(const std::vector<std::string>& command, const LaunchOptions& options) {
    if (command.empty() || command.front().empty()) {
        throw Error(ErrorCode::usage, "Target::launch: the command is empty");
    }
    const std::vector<inject::Spec> specs = specs_of(command.front(), options);
    const bool points = options.shim == Shim::points ||
                        std::any_of(specs.begin(), specs.end(),
                                    [](const inject::Spec& spec) { return spec.needs_points(); });
    drive::LaunchOptions launch;
    launch.command = command;
    launch.shim = target::find_shim(options.shim_path, points);
    launch.log = options.log;
    launch.inject = inject::join_specs(specs);
    launch.follow = options.follow;
    drive::Launch prepared = drive::prepare_launch(launch);
    make_absolute(&prepared.file);
    for (const auto& [name, value] : options.environment)
        set_variable(&prepared.environment, name, value);
    return prepared;
}

// The end of what a target said before it failed.
std::string tail(const std::string& title, const std::string& text) {
    constexpr std::size_t kMost = 2000;
    if (text.empty()) return "";
    return formatted("\n{}:\n{}", title,
                     text.size() <= kMost ? text : "…" + text.substr(text.size() - kMost));
}

}  // namespace

Target Target::launch(const std::vector<std::string>& command, const LaunchOptions& options) {
    if (!options.ready.output.empty() && options.output != Output::captured) {
        throw Error(ErrorCode::usage, "Ready::output: the output is not captured",
                    "set Output::captured");
    }
    const drive::Launch prepared = prepare(command, options);
    auto impl = std::make_unique<Impl>();
    impl->command = command;
    impl->grace = options.grace;
    impl->last_stacks = options.last_stacks;
    impl->captures = options.output == Output::captured;
    impl->guarded = std::make_unique<target::GuardedProcess>(prepared, options);
    impl->pid = impl->guarded->pid();
    Target launched(std::move(impl));
    const Clock::time_point deadline = target::deadline_after(options.ready.within);

    const auto fail = [&](const std::string& missing) {
        const std::optional<Exit> exit =
            launched.alive() ? std::nullopt : launched.wait_exit(std::chrono::seconds(1));
        const std::string said =
            tail("standard output", launched.output()) + tail("standard error", launched.errors());
        if (exit) {
            throw Error(ErrorCode::target_died,
                        formatted("{} {} before it was ready ({}){}", launched.impl_->who(),
                                  exit->text(), missing, said));
        }
        throw Error(ErrorCode::not_ready,
                    formatted("{} is not ready: {}{}", launched.impl_->who(), missing, said));
    };
    const auto await = [&](const std::string& missing, const auto& condition) {
        bool met = false;
        poll_until(deadline, [&] {
            met = condition();
            return met || !launched.alive();
        });
        // Its last output may contain the line that was awaited.
        if (!met && !launched.alive() && launched.wait_exit(std::chrono::seconds(1))) {
            met = condition();
        }
        if (!met) fail(missing);
    };
    const Ready& ready = options.ready;
    if (!ready.output.empty()) {
        // Its lines are looked at again and again, so that the target's end is noticed between.
        await(formatted("no line of its output matches \"{}\"", ready.output),
              [&] { return launched.wait_for_line(ready.output, {}, Stream::either).has_value(); });
    }
    if (!ready.listening.empty()) {
        await("it does not listen on " + ready.listening,
              [&] { return target::is_listening(launched.pid(), ready.listening); });
    }
    if (!ready.thread.empty()) {
        await("no thread matches " + ready.thread, [&] {
            try {
                return !launched.threads(ready.thread).empty();
            } catch (const Error& error) {
                if (error.code() == ErrorCode::target_died) return false;
                throw;
            }
        });
    }
    return launched;
}

}  // namespace threadfault
