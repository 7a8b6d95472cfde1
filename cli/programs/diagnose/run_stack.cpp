// threadfault stack, done.
#include "commands/stack.hpp"
#include "commands/thread_options.hpp"
#include "diagnose/backtrace.hpp"
#include "drive/faults/add_stacks.hpp"
#include "drive/locks/dead_main.hpp"
#include "drive/locks/holdings.hpp"
#include "drive/locks/member_names.hpp"
#include "drive/threads/thread_view.hpp"
#include "programs/diagnose/stacks.hpp"
#include "render/text.hpp"

#include <unistd.h>

namespace threadfault::cli {
namespace {

drive::ThreadList threads_of(Looked& looked, const std::string& text) {
    if (text.empty()) {
        drive::ThreadList all = drive::list_threads(
            looked.process, looked.agent(), {.waits = true, .starts = true, .outside = true});
        drive::add_holdings(all);
        drive::name_holdings(looked.process, all.threads);
        return all;
    }
    const drive::Selector selector = drive::parse_selector(text);
    const bool needs_agent =
        selector.has(drive::Term::Key::path) || selector.has(drive::Term::Key::nth);
    if (needs_agent && looked.agent() == nullptr) {
        throw Error(ErrorCode::no_agent, looked.why, looked.hint);
    }
    drive::ThreadList list = drive::list_threads(
        looked.process, looked.agent(),
        {.waits = true, .starts = true, .outside = selector.has(drive::Term::Key::start)});
    if (selector.has(drive::Term::Key::in)) {
        drive::add_stacks(looked.process, list);
    }
    // Of all, before any is left out: the waiters name the owners.
    drive::add_holdings(list);
    drive::name_holdings(looked.process, list.threads);
    std::erase_if(list.threads,
                  [&](const drive::ThreadView& thread) { return !selector.matches(thread); });
    if (list.threads.empty()) {
        drive::require_not_dead_main(looked.process, looked.agent(), selector);
        throw Error(
            ErrorCode::no_such_thread,
            "no thread of process " + std::to_string(looked.process.pid()) + " matches \"" + text +
                "\"",
            "`threadfault ps " + std::to_string(looked.process.pid()) + "` lists its threads");
    }
    return list;
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
