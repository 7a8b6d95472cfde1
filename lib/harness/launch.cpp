// Launching a target, and waiting until it is ready.
#include "drive/programs/launch.hpp"

#include "format/format.hpp"
#include "harness/impl.hpp"
#include "harness/installation.hpp"
#include "inject/spec.hpp"
#include "observe/preloadable.hpp"

#include <unistd.h>

#include <algorithm>
#include <climits>

namespace threadfault {
namespace {

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
    launched.impl_->await_ready(launched, options.ready);
    return launched;
}

}  // namespace threadfault
