// Backtraces for people and scripts.
#ifndef THREADFAULT_CLI_PROGRAMS_DIAGNOSE_STACKS_HPP
#define THREADFAULT_CLI_PROGRAMS_DIAGNOSE_STACKS_HPP

#include "diagnose/backtrace.hpp"
#include "drive/threads/thread_view.hpp"
#include "render/style.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::cli {

struct StackReport {
    pid_t pid = 0;
    const std::string& command;
    const std::vector<drive::ThreadView>& threads;
    const std::vector<diagnose::Backtrace>& traces;  // of the same threads
};

// Of many threads the text is long: `write` gets it piece by piece.
void render_stacks(const StackReport& report, const Style& style,
                   const std::function<void(std::string_view)>& write);
std::string collapsed_stacks(const StackReport& report, const Style& style);
// `collapse`: "groups" in the place of "threads".
std::string json_stacks(const StackReport& report, bool collapse);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_PROGRAMS_DIAGNOSE_STACKS_HPP
