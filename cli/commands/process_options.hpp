// --command NAME, --descendants-of PID and --container ID, in the place of a PID: how a selector
// names a process whose number is not known.
#ifndef THREADFAULT_CLI_COMMANDS_PROCESS_OPTIONS_HPP
#define THREADFAULT_CLI_COMMANDS_PROCESS_OPTIONS_HPP

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace threadfault::cli {

// For the help, and so that they are known; only for commands that take a PID. `attaching`:
// --attach too, which attaches to a process that has no agent, for as long as the request is in
// force.
void add_process_options(CLI::App& app, bool attaching);

// Where one of them is given (as "--command NAME" or "--command=NAME"), takes them out of the words
// and puts the process id that they mean in front; --attach is remembered for the connection, and
// then, as for `attach` itself, every process counts, not only targets. Throws
// Error{no_such_process} when they mean none, Error{no_agent} when what they mean is no target, and
// Error{ambiguous_selector} when they mean several.
void resolve_process(std::string_view command, const CLI::App& app,
                     std::vector<std::string>& arguments);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMANDS_PROCESS_OPTIONS_HPP
