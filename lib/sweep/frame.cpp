#include "sweep/frame.hpp"

#include "base/clean_text.hpp"
#include "drive/programs/launch.hpp"
#include "format/format.hpp"
#include "scenario/parse.hpp"
#include "scenario/placeholders.hpp"
#include "threadfault/error.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>

namespace threadfault::sweep {
namespace {

using scenario::mentions;

scenario::ProbeSpec shell_probe(const std::string& command) {
    scenario::ProbeSpec probe;
    probe.name = command;
    probe.how = scenario::CommandProbe{{"/bin/sh", "-c", command}};
    return probe;
}

const scenario::TestSpec& chosen_test(const scenario::Scenario& scenario, const Options& options) {
    for (const scenario::TestSpec& test : scenario.tests)
        if (options.test.empty() || test.name == options.test) return test;
    throw Error(ErrorCode::no_such_test,
                formatted("{} has no test \"{}\"", scenario.file, options.test));
}

bool wants_place(const std::string& text) {
    return mentions(text, "port") || mentions(text, "tmp");
}

}  // namespace

Setup make_setup(const Options& options) {
    Setup setup;
    std::vector<std::string> command = options.command;
    if (!options.scenario.empty()) {
        const scenario::Scenario scenario = scenario::parse_file(options.scenario);
        const scenario::TestSpec& test = chosen_test(scenario, options);
        setup.target = test.target;
        setup.environment = test.target.environment;
        setup.directory = test.target.directory;
        setup.probes = scenario.probes;
        command = test.target.command;
        for (const scenario::Step& step : test.steps)
            if (const auto* run = std::get_if<scenario::RunStep>(&step.what))
                setup.workload.push_back(run->command);
        setup.scenario_directory =
            std::filesystem::absolute(options.scenario).parent_path().string();
    } else {
        setup.target.ready.output = options.ready_output;
        setup.target.ready.listening = options.ready_listening;
        setup.target.ready.thread = options.ready_thread;
        setup.target.ready.within =
            std::chrono::nanoseconds(static_cast<std::int64_t>(options.ready_within * 1e9));
    }
    if (!options.workload.empty()) setup.workload = {options.workload};
    for (const std::string& probe : options.probes)
        setup.probes.push_back(shell_probe(probe));
    setup.input = options.input;
    drive::LaunchOptions launch;
    launch.command = command;
    launch.shim = drive::find_shim(options.shim, true);
    setup.launch = drive::prepare_launch(launch);
    setup.needs_place = std::any_of(command.begin(), command.end(), wants_place) ||
                        std::any_of(setup.workload.begin(), setup.workload.end(), wants_place) ||
                        wants_place(setup.target.ready.listening);
    return setup;
}

Lines lines_in(const std::string& text) {
    Lines lines;
    for (std::string& line : base::lines_of(text))
        ++lines[std::move(line)];
    return lines;
}

void Baseline::learn(const std::string& output, const std::string& errors) {
    const Lines said = lines_in(output);
    const std::lock_guard lock(mutex_);
    if (runs_++ == 0) {
        output_ = said;
    } else {
        for (auto line = output_.begin(); line != output_.end();) {
            const auto now = said.find(line->first);
            line->second = now == said.end() ? 0 : std::min(line->second, now->second);
            line = line->second == 0 ? output_.erase(line) : std::next(line);
        }
    }
    for (const auto& [line, count] : lines_in(errors))
        errors_[line] = true;
}

std::string Baseline::missing(const std::string& output) const {
    const Lines said = lines_in(output);
    const std::lock_guard lock(mutex_);
    for (const auto& [line, count] : output_) {
        const auto now = said.find(line);
        if (now == said.end() || now->second < count)
            return line.empty() ? "(an empty line)" : line;
    }
    return {};
}

bool Baseline::says_more(const std::string& errors) const {
    const Lines said = lines_in(errors);
    const std::lock_guard lock(mutex_);
    return std::any_of(said.begin(), said.end(),
                       [&](const auto& line) { return !errors_.contains(line.first); });
}

unsigned Baseline::runs() const {
    const std::lock_guard lock(mutex_);
    return runs_;
}

}  // namespace threadfault::sweep
