// Why a process died of a thread's death: what was loaded where, kept before, and the question to
// the program that can read it.
#ifndef THREADFAULT_CLI_COMMANDS_LAST_LOOKS_HPP
#define THREADFAULT_CLI_COMMANDS_LAST_LOOKS_HPP

#include "commands/thread_options.hpp"
#include "drive/faults/last_look.hpp"
#include "observe/loaded_modules.hpp"
#include "observe/memory.hpp"

#include <optional>
#include <unordered_map>
#include <vector>

namespace threadfault::cli {

class LastLooks {
public:
    // What is the same for all its threads.
    void begin(const observe::Process& process);
    // While the process still lives. Begins, where that was not done.
    void take(const observe::Process& process, const std::vector<drive::Victim>& victims);
    // Adds the cause to the reasons of those whose process was ended by SIGABRT. Where they were is
    // known of those that slept; of others the plan must have asked (wire::kFaultTellFrames).
    void explain(std::vector<drive::Result>& results) const;

private:
    bool taken_ = false;
    // What follows the list of modules lies on the same pages.
    std::optional<observe::Memory> memory_;
    std::vector<observe::LoadedModule> modules_;
    std::unordered_map<pid_t, drive::KeptStack> stacks_;  // by thread ID
};

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMANDS_LAST_LOOKS_HPP
