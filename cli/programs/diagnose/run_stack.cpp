// threadfault stack, done.
#include "commands/stack.hpp"
#include "commands/thread_options.hpp"
#include "diagnose/backtrace.hpp"
#include "drive/threads/thread_view.hpp"
#include "programs/diagnose/stacks.hpp"
#include "render/text.hpp"

#include <unistd.h>

namespace threadfault::cli {
namespace {

// Names of start routines cost a look into the executable: of a selected thread nobody reads them.
drive::ThreadList threads_of(Looked& looked, const std::string& text) {
    const bool named = text.empty() || drive::parse_selector(text).has(drive::Term::Key::start);
    return list_selected(looked, text, {.waits = true, .starts = true, .outside = named});
}

}  // namespace

int run_stack(const StackOptions& options, const Invocation& invocation) {
    Looked looked(options.pid);
    const std::string command = looked.process.command();
    const drive::ThreadList list = threads_of(looked, options.thread);
    std::vector<diagnose::Thread> threads;
    threads.reserve(list.threads.size());
    for (const drive::ThreadView& thread : list.threads)
        threads.push_back({thread.tid, thread.inner_tid, thread.serial});
    diagnose::Backtraces backtraces(looked.process, looked.agent());
    const std::vector<diagnose::Backtrace> traces =
        backtraces.take(threads, {.by_signal = options.by_signal, .depth = options.depth});
    // What ended meanwhile is no thread any more.
    StackReport report{looked.process.pid(), command, list.threads, traces};
    if (invocation.json) {
        print_out(json_stacks(report, options.collapse));
    } else if (options.collapse) {
        print_out(collapsed_stacks(report, invocation.style()));
    } else {
        render_stacks(report, invocation.style(), [](std::string_view text) { print_out(text); });
    }
    return 0;
}

}  // namespace threadfault::cli
