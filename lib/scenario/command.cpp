#include "scenario/command.hpp"

#include "base/signal_name.hpp"
#include "format/format.hpp"

#include <unistd.h>

#include <cstring>

namespace threadfault::scenario {
namespace {

constexpr std::size_t kMostOutput = std::size_t{64} * 1024;

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& changes) {
    std::vector<std::string> merged;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string text = *variable;
        if (changes.find(text.substr(0, text.find('='))) == changes.end()) merged.push_back(text);
    }
    for (const auto& [name, value] : changes)
        merged.push_back(formatted("{}={}", name, value));
    return merged;
}

}  // namespace

std::string CommandResult::text() const {
    switch (end) {
        case End::exited:
            return formatted("exited with code {}", code);
        case End::signalled:
            return formatted("was ended by {}", base::signal_name(code));
        case End::timed_out:
            return "did not end in time";
        case End::stopped:
            return "was stopped";
        case End::not_started:
            break;
    }
    return formatted("can't be started: {}", std::strerror(code));
}

CommandResult run_command(const std::vector<std::string>& command, const CommandOptions& options,
                          TimePoint deadline, const Stop& stop) {
    const std::vector<std::string> environment = merged_environment(options.environment);
    return {base::run(command, {.errors = base::RunOptions::Errors::with_output,
                                .deadline = deadline,
                                .stop = stop.descriptor(),
                                .most_output = kMostOutput,
                                .environment = &environment,
                                .directory = options.directory,
                                .own_group = true})};
}

}  // namespace threadfault::scenario
