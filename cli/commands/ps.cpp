// threadfault ps: the targets, or the threads of one process.
#include "cli11.hpp"
#include "commands/commands.hpp"
#include "commands/thread_options.hpp"
#include "drive/locks/dead_main.hpp"
#include "drive/programs/targets.hpp"
#include "drive/threads/thread_view.hpp"
#include "format/format.hpp"
#include "render/json.hpp"
#include "render/text.hpp"
#include "render/thread_order.hpp"
#include "render/threads.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>

#include <memory>
#include <utility>

namespace threadfault::cli {
namespace {

struct PsOptions {
    std::string pid;
    std::string thread;
    std::string sort;
    bool tree = false;
    bool wide = false;
};

constexpr const char* kPsExamples =
    "Reading disturbs nothing: no signal is sent, no thread is stopped. Any process\n"
    "can be listed; thread paths are known only under `threadfault run`. A selector\n"
    "shows which threads a fault would be done to.\n"
    "\n"
    "Of another user's process, names, states and CPU times can be seen; the rest is\n"
    "left empty, and the output says so.\n"
    "\n"
    "Examples:\n"
    "  threadfault ps                every target, with its container if it has one\n"
    "  threadfault ps 4711           its threads, and what each waits for\n"
    "  threadfault ps 4711 'name=worker*,waiting=mutex'\n"
    "  threadfault ps 4711 --sort cpu\n"
    "  threadfault ps 4711 --tree\n"
    "  threadfault ps 4711 --json |\n"
    "      jq '.threads[] | select(.waiting_on.kind == \"mutex\")'\n";

// Columns; 0: as many as needed.
std::size_t width_for(const PsOptions& options) {
    return options.wide ? 0 : terminal_width(STDOUT_FILENO);
}

int list_targets(const PsOptions& options, const Invocation& invocation) {
    const std::vector<drive::TargetProcess> targets = drive::find_targets();
    print_out(invocation.json ? json_targets(targets)
                              : render_targets(targets, invocation.style(), width_for(options)));
    return 0;
}

std::vector<drive::ThreadView> in_order(std::vector<drive::ThreadView> threads,
                                        const std::vector<std::size_t>& order) {
    std::vector<drive::ThreadView> ordered;
    ordered.reserve(order.size());
    for (const std::size_t index : order)
        ordered.push_back(std::move(threads[index]));
    return ordered;
}

std::vector<drive::ThreadView> sorted(std::vector<drive::ThreadView> threads, ThreadKey key) {
    std::vector<RankedThread> ranked;
    ranked.reserve(threads.size());
    for (const drive::ThreadView& thread : threads)
        ranked.push_back({&thread, thread.cpu_seconds});
    sort_threads(ranked, key, false);
    std::vector<std::size_t> order;
    order.reserve(ranked.size());
    for (const RankedThread& one : ranked)
        order.push_back(static_cast<std::size_t>(one.thread - threads.data()));
    return in_order(std::move(threads), order);
}

std::vector<drive::ThreadView> as_tree(std::vector<drive::ThreadView> threads, const Style& style,
                                       std::vector<std::string>* branches) {
    std::vector<const drive::ThreadView*> plain;
    plain.reserve(threads.size());
    for (const drive::ThreadView& thread : threads)
        plain.push_back(&thread);
    std::vector<std::size_t> order;
    for (TreePlace& place : creator_tree(plain, style.unicode)) {
        order.push_back(place.index);
        branches->push_back(std::move(place.branch));
    }
    return in_order(std::move(threads), order);
}

// Of a process that may not be looked into, what everybody may see: names, states, CPU times. Not
// where the selector asks for more.
drive::ThreadList list_what_may_be_seen(Looked& looked, const std::string& thread,
                                        const drive::Needs& needs) {
    try {
        return list_selected(looked, thread, needs);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::not_permitted || !looked.process.alive()) throw;
        using Key = drive::Term::Key;
        const auto selector =
            thread.empty() ? std::nullopt : std::optional(drive::parse_selector(thread));
        for (const Key key : {Key::start, Key::in, Key::waiting, Key::holding}) {
            if (selector && selector->has(key)) throw;
        }
    }
    drive::ThreadList list = list_selected(looked, thread, {});
    list.waits_permitted = false;
    return list;
}

int list_threads_of(const PsOptions& options, const Invocation& invocation) {
    std::optional<ThreadKey> key;
    if (!options.sort.empty()) key = require_thread_key("--sort", options.sort);
    if (key && options.tree)
        throw Error(ErrorCode::usage, "--sort and --tree are mutually exclusive",
                    "use one of them");
    Looked looked(options.pid);
    ThreadReport report;
    report.pid = looked.process.pid();
    report.command = looked.process.command();
    report.agent = looked.agent() != nullptr;
    report.container = observe::container_of(report.pid);
    report.why = looked.why;
    report.hint = looked.hint;
    report.list = list_what_may_be_seen(looked, options.thread,
                                        {.waits = true,
                                         .masks = invocation.json,
                                         .starts = true,
                                         .symbols = true,
                                         .outside = true});
    if (options.thread.empty()) {
        if (auto main = drive::dead_main(looked.process, looked.agent())) {
            report.list.threads.insert(report.list.threads.begin(), std::move(*main));
        }
    }
    const Style style = invocation.style();
    if (key) report.list.threads = sorted(std::move(report.list.threads), *key);
    if (options.tree) {
        report.list.threads = as_tree(std::move(report.list.threads), style, &report.branches);
    }
    print_out(invocation.json ? json_threads(report)
                              : render_threads(report, style, width_for(options)));
    return 0;
}

}  // namespace

void setup_ps(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<PsOptions>();
    app.add_option("PID", options->pid, "process whose threads are listed; default: list targets")
        ->type_name("");
    app.add_option("THREAD", options->thread,
                   "only the threads that it selects, see `threadfault kill --help`")
        ->type_name("");
    std::string keys;
    for (const ThreadKeyInfo& key : thread_keys())
        keys += formatted("{}{}", keys.empty() ? "" : ", ", key.name);
    app.add_option("--sort", options->sort, keys + "; default created")->type_name("KEY");
    app.add_flag("--tree", options->tree, "as a tree: who created whom");
    app.add_flag("--wide", options->wide,
                 "all columns, and no lines shortened to the terminal's width");
    app.footer(kPsExamples);
    invocation.action = [options, &invocation] {
        if (options->pid.empty() && (!options->sort.empty() || options->tree)) {
            throw Error(ErrorCode::usage, "ps: --sort and --tree need a PID",
                        "`threadfault ps` alone lists the targets");
        }
        return options->pid.empty() ? list_targets(*options, invocation)
                                    : list_threads_of(*options, invocation);
    };
}

}  // namespace threadfault::cli
