// The parts of a scenario file, each read in a file of its own.
#ifndef THREADFAULT_SCENARIO_PARSE_PARTS_HPP
#define THREADFAULT_SCENARIO_PARSE_PARTS_HPP

#include "scenario/model.hpp"
#include "scenario/reader.hpp"

#include <vector>

namespace threadfault::scenario {

// [target], or a test's overrides of it: what is there replaces what `base` has, environment
// variables one by one.
TargetSpec parse_target(const Source& source, const toml::table& table, const std::string& what,
                        const TargetSpec& base);

ProbeSpec parse_probe(const Source& source, const toml::table& table);

// `scenario`: its probes are known already. `target`: of the test.
Step parse_step(const Source& source, const toml::table& table, const Scenario& scenario,
                const TargetSpec& target);

// The key that says which process a step is about, and what it says; nothing when it is missing.
inline constexpr std::string_view kProcess = "process";
std::optional<ProcessSpec> parse_process(const Source& source, const toml::table& step);

FaultStep parse_fault(const Source& source, const toml::table& table, Verb verb);

Expectation parse_expectation(const Source& source, const toml::table& table,
                              const Scenario& scenario);

// A name or number; nothing when the key is missing.
std::optional<int> parse_signal_key(const Reader& reader, std::string_view key);

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_PARSE_PARTS_HPP
