// The static command's side of what libdw and libunwind are needed for: it becomes the program that
// has them, with the same words.
#include "commands/forecast.hpp"
#include "commands/stack.hpp"
#include "drive/programs/find_helper.hpp"

namespace threadfault::cli {

int run_stack(const StackOptions&, const Invocation& invocation) {
    drive::become_helper("threadfault-diagnose", invocation.given);
}

int run_forecast(const ThreadOptions&, const drive::Plan&, const Invocation& invocation) {
    drive::become_helper("threadfault-diagnose", invocation.given);
}

}  // namespace threadfault::cli
