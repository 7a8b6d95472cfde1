// What SPECs and lists of faults may become, for completion: from the tables that the parsers use.
#ifndef THREADFAULT_CLI_COMMANDS_COMPLETE_SPECS_HPP
#define THREADFAULT_CLI_COMMANDS_COMPLETE_SPECS_HPP

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace threadfault::cli {

// A word, and what it is about.
using Candidates = std::vector<std::pair<std::string, std::string>>;

// CALL[,CALL...]:FAULT[:OPTION...], as far as it is typed.
Candidates specs(const std::string& current);
// VERB[=VALUE][,VERB...], of storms.
Candidates fault_lists(const std::string& current);
// WHAT[,WHAT...] of a sweep.
Candidates sweep_lists(const std::string& current);
// SELECTOR:FAULT, once the selector stands.
Candidates start_faults(const std::string& current);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMANDS_COMPLETE_SPECS_HPP
