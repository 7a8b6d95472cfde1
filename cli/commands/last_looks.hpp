// Why a process died of a thread's death: what was kept of the victims, and the question to the
// program that can read it.
#ifndef THREADFAULT_CLI_COMMANDS_LAST_LOOKS_HPP
#define THREADFAULT_CLI_COMMANDS_LAST_LOOKS_HPP

#include "commands/thread_options.hpp"
#include "drive/last_look.hpp"

#include <optional>
#include <vector>

namespace threadfault::cli {

class LastLooks {
public:
    // Keeps what it sees here, so it must not outlive this object.
    BeforeFault taker();
    // Adds the cause to the reasons of those whose process was ended by SIGABRT.
    void explain(std::vector<drive::Result>& results) const;

private:
    std::vector<std::optional<drive::LastLook>> looks_;  // of the first victims
};

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMANDS_LAST_LOOKS_HPP
