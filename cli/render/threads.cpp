#include "render/threads.hpp"

#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "base/rights.hpp"
#include "format/format.hpp"
#include "render/text.hpp"

#include <algorithm>

namespace threadfault::cli {
namespace {

std::string or_dash(const std::string& text) {
    return text.empty() ? "-" : base::clean_line(text);
}

std::string name_of(pid_t tid, const ThreadNames& names) {
    const auto found = names.find(tid);
    return found == names.end() ? std::string() : base::clean_line(found->second);
}

}  // namespace

std::string cpu_text(double seconds) {
    if (seconds < 100) return formatted("{:.2f}s", seconds);
    return base::short_duration(seconds);
}

std::string age_text(double seconds) {
    if (seconds < 60) return formatted("{:.0f}s", seconds);
    return base::short_duration(seconds);
}

std::string waiting_text(const drive::ThreadView& thread, const ThreadNames& names) {
    if (thread.state == 'Z') return thread.end.empty() ? "ended" : "ended: " + thread.end;
    if (thread.waiting) {
        const drive::Waiting& waiting = *thread.waiting;
        std::string text(to_string(waiting.kind));
        if (waiting.kind == WaitKind::join) {
            if (!waiting.owner_tid) return text;
            return formatted("join {} {}", *waiting.owner_tid, name_of(*waiting.owner_tid, names));
        }
        text += waiting.symbol.empty() ? formatted(" {:#x}", waiting.address)
                                       : " " + base::clean_line(waiting.symbol);
        // A futex alone says nothing to people: the call does.
        if (waiting.kind == WaitKind::futex && !waiting.call.empty()) {
            text += formatted(" in {}", base::clean_line(waiting.call));
        }
        if (waiting.owner_tid && waiting.owner_alive && waiting.owner_pid != 0) {
            text += formatted(", held by {} of process {}", *waiting.owner_tid, waiting.owner_pid);
        } else if (waiting.owner_tid && waiting.owner_alive) {
            text += formatted(", held by {} {}", *waiting.owner_tid,
                              name_of(*waiting.owner_tid, names));
        } else if (waiting.owner_tid) {
            text += formatted(", held by {}, which is dead", *waiting.owner_tid);
        } else if (waiting.owner_dead) {
            text += ", held by a thread that is dead";
        }
        return text;
    }
    return thread.syscall ? drive::syscall_text(*thread.syscall) : std::string();
}

std::string faults_text(const drive::ThreadView& thread) {
    return joined(drive::faults_in_words(thread), ", ");
}

std::string holding_text(const drive::ThreadView& thread) {
    std::vector<std::string> locks;
    for (const drive::HeldLock& lock : thread.holding) {
        locks.push_back(lock.symbol.empty() ? formatted("{:#x}", lock.address)
                                            : base::clean_line(lock.symbol));
    }
    return joined(locks, ",");
}

std::string limits_text(const ThreadReport& report) {
    if (report.list.waits_permitted) return {};
    return formatted("what its threads wait for can't be seen; {}", base::advice_on_rights());
}

std::string render_threads(const ThreadReport& report, const Style& style, std::size_t width) {
    const std::vector<drive::ThreadView>& threads = report.list.threads;
    std::string out = formatted("{} {}", style.bold(std::to_string(report.pid)),
                                shorten(base::clean_line(report.command),
                                        width > 40 ? width - 20 : ~std::size_t{0}, style.unicode));
    const bool main_ended = std::any_of(threads.begin(), threads.end(), [](const auto& thread) {
        return thread.main && thread.state == 'Z';
    });
    out += style.dim(", " + counted(threads.size() - (main_ended ? 1 : 0), "thread") +
                     (main_ended ? "; the main thread has ended" : ""));
    out += '\n';

    const bool any_faults = std::any_of(threads.begin(), threads.end(),
                                        [](const auto& thread) { return thread.faults != 0; });
    std::vector<Table::Column> columns = {{"TID", true},
                                          {"NAME"},
                                          {"STATE"},
                                          {"CPU", true, 0, false, 3},
                                          {"AGE", true, 0, false, 2},
                                          {"START", false, 12, true, 1},
                                          {"PATH", false, 8},
                                          {"WAITING FOR", false, 12}};
    const bool any_locks = std::any_of(threads.begin(), threads.end(),
                                       [](const auto& thread) { return !thread.holding.empty(); });
    if (any_locks) columns.push_back({"HOLDS", false, 8, true});
    if (any_faults) columns.push_back({"FAULTS"});
    ThreadNames names;
    for (const drive::ThreadView& thread : threads)
        names.emplace(thread.tid, thread.name);
    Table table(std::move(columns));
    for (std::size_t i = 0; i < threads.size(); ++i) {
        const drive::ThreadView& thread = threads[i];
        const std::string branch = i < report.branches.size() ? report.branches[i] : "";
        std::vector<std::string> cells = {
            std::to_string(thread.tid),   branch + base::clean_line(thread.name),
            std::string(1, thread.state), cpu_text(thread.cpu_seconds),
            age_text(thread.age_seconds), or_dash(thread.start),
            or_dash(thread.path),         or_dash(waiting_text(thread, names))};
        if (any_locks) cells.push_back(holding_text(thread));
        if (any_faults) cells.push_back(faults_text(thread));
        table.add(std::move(cells), thread.main);
    }
    table.print(&out, style, width);

    if (!report.why.empty()) {
        out += '\n' + style.yellow(report.why) + '\n';
        if (!report.hint.empty()) out += style.dim(report.hint) + '\n';
    }
    const std::string limits = limits_text(report);
    if (!limits.empty()) out += '\n' + style.dim(limits) + '\n';
    return out;
}

static std::string container_text(const observe::Container& container) {
    const std::string id = base::clean_line(observe::short_id(container));
    return container.runtime.empty() ? id : formatted("{}:{}", container.runtime, id);
}

std::string render_targets(const std::vector<drive::TargetProcess>& targets, const Style& style,
                           std::size_t width) {
    if (targets.empty()) {
        return "no process runs under threadfault " +
               style.dim("(start a program with `threadfault run -- PROGRAM ARGS…`)") + "\n";
    }
    const bool contained = std::any_of(targets.begin(), targets.end(),
                                       [](const auto& target) { return target.container; });
    std::vector<Table::Column> columns = {{"PID", true}, {"THREADS", true}};
    if (contained) columns.push_back({"CONTAINER", false});
    columns.push_back({"COMMAND", false, 20});
    Table table(columns);
    for (const drive::TargetProcess& target : targets) {
        std::vector<std::string> cells = {std::to_string(target.pid),
                                          std::to_string(target.threads)};
        if (contained) cells.push_back(target.container ? container_text(*target.container) : "-");
        cells.push_back(base::clean_line(target.command));
        table.add(std::move(cells));
    }
    std::string out;
    table.print(&out, style, width);
    return out;
}

}  // namespace threadfault::cli
