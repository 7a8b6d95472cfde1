// The target of these tests, with SPECs in force from its start.
#ifndef THREADFAULT_TESTS_POINTS_RUN_TARGET_HPP
#define THREADFAULT_TESTS_POINTS_RUN_TARGET_HPP

#include "support/process.hpp"

#include <sstream>
#include <string>
#include <vector>

namespace threadfault::test {

inline std::string joined(const std::vector<std::string>& specs) {
    std::string lines;
    for (const std::string& spec : specs)
        lines += (lines.empty() ? "" : "\n") + spec;
    return lines;
}

inline SpawnOptions injecting(const std::vector<std::string>& specs,
                              const std::string& shim = THREADFAULT_POINTS_SHIM) {
    return {.environment = {{"LD_PRELOAD", shim}, {"THREADFAULT_INJECT", joined(specs)}}};
}

inline std::vector<std::string> target(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), POINTS_TARGET);
    return arguments;
}

// What the target prints; "hang" and "signal N" where it does not end by itself.
inline std::string output_of(const std::vector<std::string>& arguments,
                             const SpawnOptions& options) {
    Process process(target(arguments), options);
    const auto exit = process.wait();
    if (!exit) return "hang after: " + process.output();
    if (exit->signal) return "signal " + std::to_string(*exit->signal);
    if (exit->code != 0) return "exit " + std::to_string(*exit->code);
    return process.output();
}

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_POINTS_RUN_TARGET_HPP
