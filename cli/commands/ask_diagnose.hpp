// Questions of the static command to the program that has libdw and libunwind, where it can't
// simply become that program.
#ifndef THREADFAULT_CLI_COMMANDS_ASK_DIAGNOSE_HPP
#define THREADFAULT_CLI_COMMANDS_ASK_DIAGNOSE_HPP

#include <string>
#include <string_view>

namespace threadfault::cli {

// `word`: "__explain-death" or "__name-data"; what it writes on its standard output. "" where the
// program is missing or fails: what it would have said is an extra.
std::string ask_diagnose(std::string_view word, std::string_view input);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMANDS_ASK_DIAGNOSE_HPP
