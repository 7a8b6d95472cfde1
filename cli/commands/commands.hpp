// The set-up function of each command, for the table in command.cpp.
#ifndef THREADFAULT_CLI_COMMANDS_COMMANDS_HPP
#define THREADFAULT_CLI_COMMANDS_COMMANDS_HPP

#include "inject/spec.hpp"
#include "invocation.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace threadfault::cli {

void setup_attach(CLI::App& app, Invocation& invocation);
void setup_detach(CLI::App& app, Invocation& invocation);
void setup_run(CLI::App& app, Invocation& invocation);
void setup_ps(CLI::App& app, Invocation& invocation);
void setup_kill(CLI::App& app, Invocation& invocation);
void setup_signal(CLI::App& app, Invocation& invocation);
void setup_freeze(CLI::App& app, Invocation& invocation);
void setup_thaw(CLI::App& app, Invocation& invocation);
void setup_slow(CLI::App& app, Invocation& invocation);
void setup_delay(CLI::App& app, Invocation& invocation);
void setup_spin(CLI::App& app, Invocation& invocation);
void setup_interrupt(CLI::App& app, Invocation& invocation);
void setup_demote(CLI::App& app, Invocation& invocation);
void setup_storm(CLI::App& app, Invocation& invocation);
void setup_inject(CLI::App& app, Invocation& invocation);
void setup_stack(CLI::App& app, Invocation& invocation);
void setup_locks(CLI::App& app, Invocation& invocation);
void setup_top(CLI::App& app, Invocation& invocation);
void setup_watch(CLI::App& app, Invocation& invocation);
void setup_events(CLI::App& app, Invocation& invocation);
void setup_sweep(CLI::App& app, Invocation& invocation);
void setup_report(CLI::App& app, Invocation& invocation);
void setup_test(CLI::App& app, Invocation& invocation);
void setup_doctor(CLI::App& app, Invocation& invocation);
void setup_completion(CLI::App& app, Invocation& invocation);
void setup_man(CLI::App& app, Invocation& invocation);
void setup_complete(CLI::App& app, Invocation& invocation);

// The value of --seed; std::nullopt for "". Throws Error{usage}.
std::optional<std::uint64_t> parse_seed(const std::string& text);

// SPECs of `run --inject` and `inject`. Throws Error{usage}.
std::vector<inject::Spec> parse_specs(const std::vector<std::string>& texts, bool force,
                                      std::optional<std::uint64_t> seed);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMANDS_COMMANDS_HPP
