#include "render/locks.hpp"

#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "format/format.hpp"
#include "render/grounds.hpp"
#include "render/json_values.hpp"
#include "render/text.hpp"

#include <map>
#include <set>
#include <string_view>

namespace threadfault::cli {
namespace {

// In the words of the summary; the kinds that people call a lock are one.
std::string_view blocked_on(WaitKind kind) {
    switch (kind) {
        case WaitKind::mutex:
        case WaitKind::rwlock:
            return "on a lock";
        case WaitKind::cond:
            return "on a condition";
        case WaitKind::sem:
            return "on a semaphore";
        case WaitKind::barrier:
            return "on a barrier";
        case WaitKind::join:
            return "in a join";
        case WaitKind::futex:
            break;
    }
    return "on a futex";
}

std::string summary(const drive::LockGraph& graph) {
    std::vector<std::string> parts;
    std::size_t orphans = 0;
    std::set<pid_t> stuck;
    std::set<pid_t> waiting;
    std::map<std::string_view, std::size_t> waiting_on;
    for (const drive::Lock& lock : graph.locks) {
        orphans += lock.orphaned ? 1 : 0;
        stuck.insert(lock.stuck_behind.begin(), lock.stuck_behind.end());
        waiting.insert(lock.waiters.begin(), lock.waiters.end());
        waiting_on[blocked_on(lock.kind)] += lock.waiters.size();
    }
    if (!graph.cycles.empty()) parts.push_back(counted(graph.cycles.size(), "deadlock"));
    if (orphans > 0) {
        parts.push_back(formatted("{}, {} stuck behind {}", counted(orphans, "orphaned lock"),
                                  counted(stuck.size(), "thread"), orphans == 1 ? "it" : "them"));
    }
    if (parts.empty()) parts.push_back("no deadlock, no orphaned lock");
    if (waiting.empty()) {
        parts.emplace_back("no thread blocked on a lock, condition or join");
        return joined(parts, "; ");
    }
    std::vector<std::string> kinds;
    kinds.reserve(waiting_on.size());
    for (const auto& [kind, count] : waiting_on)
        kinds.push_back(formatted("{} {}", count, kind));
    parts.push_back(formatted("{} of {} blocked ({})", waiting.size(),
                              counted(graph.names.size(), "thread"), joined(kinds, ", ")));
    return joined(parts, "; ");
}

std::string numbers(const std::vector<pid_t>& pids) {
    constexpr std::size_t kMost = 8;
    std::vector<std::string> words;
    for (const pid_t pid : pids) {
        if (words.size() == kMost) {
            return joined(words, ", ") + formatted(" and {} more", pids.size() - kMost);
        }
        words.push_back(std::to_string(pid));
    }
    return joined(words, ", ");
}

// Objects without an owner can't be traced to a thread: one line each.
std::string ownerless(const drive::LockGraph& graph, const Style& style) {
    std::string out;
    for (const drive::Lock& lock : graph.locks) {
        if (lock.owner) continue;
        std::vector<std::string> waiters;
        constexpr std::size_t kMost = 6;
        for (const pid_t tid : lock.waiters) {
            if (waiters.size() == kMost) break;
            const auto name = graph.names.find(tid);
            waiters.push_back(
                formatted("{} {}", tid, name != graph.names.end() ? name->second : ""));
        }
        std::string list = joined(waiters, ", ");
        if (lock.waiters.size() > kMost) {
            list += formatted(" and {} more", lock.waiters.size() - kMost);
        }
        const std::string place = !lock.symbol.empty()
                                      ? lock.symbol
                                      : formatted("{:#x}{}{}", lock.address,
                                                  lock.location.empty() ? "" : ", ", lock.location);
        out += formatted("{} {}: {} {}\n", to_string(lock.kind), base::clean_line(place),
                         lock.waiters.size() == 1 ? "waits" : "wait", base::clean_line(list));
        if (lock.note) out += formatted("  {}\n", sentence(*lock.note));
        if (!lock.others.empty()) {
            out += formatted("  other processes that can wake them: {}\n", numbers(lock.others));
        }
    }
    if (out.empty()) return out;
    return style.dim("Objects without an owner:") + "\n" + out;
}

std::string channels(const drive::LockGraph& graph, const Style& style) {
    std::string out;
    for (const drive::ChannelWait& wait : graph.channels) {
        const auto name = graph.names.find(wait.tid);
        out += formatted("{} {} waits in {}{}\n", wait.tid,
                         name != graph.names.end() ? base::clean_line(name->second) : std::string(),
                         base::clean_line(wait.call),
                         wait.inside_alone ? "" : "; perhaps another process has an end, too");
    }
    if (out.empty()) return out;
    return style.dim("Pipes, sockets and queues with both ends in the process:") + "\n" + out;
}

std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char character : text) {
        if (character == '"' || character == '\\') out += '\\';
        out += character;
        // Graphviz reads entities, in an SVG those of characters that XML does not have.
        if (character == '&') out += "amp;";
    }
    return out + "\"";
}

// Deadlocks and orphans in red: whole words, so that the text is the same without colours.
std::string emphasised(const std::string& tree, const Style& style) {
    std::string out;
    std::size_t begin = 0;
    while (begin < tree.size()) {
        const std::size_t end = tree.find('\n', begin);
        std::string one = base::clean_line(tree.substr(begin, end - begin));
        for (const char* word : {"DEADLOCK", "ORPHANED"}) {
            const std::size_t at = one.find(word);
            if (at != std::string::npos) {
                one = one.substr(0, at) + style.red(word) +
                      one.substr(at + std::string_view(word).size());
            }
        }
        out += one + "\n";
        begin = end + 1;
    }
    return out;
}

}  // namespace

std::string render_locks(const std::vector<NamedProcess>& processes, const drive::LockGraph& graph,
                         const Style& style) {
    std::vector<std::string> titles;
    titles.reserve(processes.size());
    for (const NamedProcess& process : processes) {
        titles.push_back(formatted("{} {}", style.bold(std::to_string(process.pid)),
                                   shorten(base::clean_line(process.command), 60, true)));
    }
    std::string out = formatted("{}: {}\n", joined(titles, ", "), summary(graph));
    const std::string tree = drive::lock_tree(graph);
    if (!tree.empty()) out += emphasised(tree, style);
    return out + ownerless(graph, style) + channels(graph, style);
}

std::string json_locks(const std::vector<NamedProcess>& processes, const drive::LockGraph& graph) {
    Json json = Json::object();
    if (processes.size() == 1) json["pid"] = processes.front().pid;
    json["processes"] = Json::array();
    for (const NamedProcess& process : processes)
        json["processes"].push_back({{"pid", process.pid}, {"command", process.command}});
    json["locks"] = Json::array();
    for (const drive::Lock& lock : graph.locks) {
        Json one = {{"kind", to_string(lock.kind)},
                    {"address", formatted("{:#x}", lock.address)},
                    {"symbol", text_or_null(lock.symbol)},
                    {"call", text_or_null(lock.call)}};
        if (lock.owner) {
            one["owner"] = {{"tid", lock.owner->tid != 0 ? Json(lock.owner->tid) : Json(nullptr)},
                            {"name", text_or_null(lock.owner->name)},
                            {"alive", lock.owner->alive}};
            one["owner"]["fate"] = text_or_null(lock.owner->fate);
            one["owner"]["end"] =
                lock.owner->end ? Json(to_string(*lock.owner->end)) : Json(nullptr);
            one["owner"]["ended_ago"] =
                lock.owner->ended_ago ? Json(base::rounded(*lock.owner->ended_ago, base::kMillis))
                                      : Json(nullptr);
            one["owner"]["pid"] = !lock.owner->alive
                                      ? Json(nullptr)
                                      : Json(lock.owner->pid != 0 ? lock.owner->pid : lock.pid);
        } else {
            one["owner"] = nullptr;
        }
        one["waiters"] = lock.waiters;
        one["waiting"] = Json::array();
        for (const pid_t tid : lock.waiters) {
            const auto name = graph.names.find(tid);
            const auto process = graph.processes.find(tid);
            one["waiting"].push_back(
                {{"tid", tid},
                 {"name", text_or_null(name != graph.names.end() ? name->second : "")},
                 {"pid", process != graph.processes.end() ? process->second : lock.pid}});
        }
        one["orphaned"] = lock.orphaned;
        one["location"] = text_or_null(lock.location);
        one["declared"] = text_or_null(lock.declared);
        one["stuck_behind"] = lock.stuck_behind;
        one["pid"] = lock.pid;
        one["shared"] = lock.shared;
        one["others"] = lock.others;
        one["note"] = lock.note ? Json(sentence(*lock.note)) : Json(nullptr);
        one["grounds"] = lock.note ? json_of({*lock.note}) : Json::array();
        one["dead_waiter"] = lock.dead_waiter;
        json["locks"].push_back(std::move(one));
    }
    json["cycles"] = graph.cycles;
    json["grounds"] = json_of(drive::grounds_of(graph));
    json["channels"] = Json::array();
    for (const drive::ChannelWait& wait : graph.channels) {
        json["channels"].push_back(
            {{"tid", wait.tid}, {"call", wait.call}, {"inside_alone", wait.inside_alone}});
    }
    return line(json);
}

std::string dot_locks(const std::vector<NamedProcess>& processes, const drive::LockGraph& graph) {
    std::string out = "digraph locks {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n";
    std::vector<std::string> titles;
    titles.reserve(processes.size());
    for (const NamedProcess& process : processes)
        titles.push_back(formatted("{} {}", process.pid, base::clean_line(process.command)));
    out += formatted("  label={};\n", in_quotes(joined(titles, ", ")));
    std::set<pid_t> threads;
    std::map<pid_t, std::string> elsewhere;  // owners that are no thread of these processes
    std::set<std::pair<pid_t, pid_t>> in_cycle;
    for (const auto& cycle : graph.cycles) {
        for (std::size_t i = 0; i < cycle.size(); ++i)
            in_cycle.emplace(cycle[i], cycle[(i + 1) % cycle.size()]);
    }
    std::map<pid_t, const drive::LockOwner*> dead;
    std::string edges;
    for (std::size_t i = 0; i < graph.locks.size(); ++i) {
        const drive::Lock& lock = graph.locks[i];
        const std::string place =
            !lock.symbol.empty() ? lock.symbol : formatted("{:#x}", lock.address);
        out +=
            formatted("  lock{} [shape=box, label={}{}];\n", i,
                      in_quotes(formatted("{} {}", to_string(lock.kind), base::clean_line(place))),
                      lock.orphaned ? ", color=red, fontcolor=red" : "");
        bool red = lock.orphaned;
        for (const pid_t tid : lock.waiters) {
            threads.insert(tid);
            const bool cyclic = lock.owner && in_cycle.contains({tid, lock.owner->tid});
            red = red || cyclic;
            edges += formatted("  thread{} -> lock{}{};\n", tid, i,
                               cyclic || lock.orphaned ? " [color=red]" : "");
        }
        if (!lock.owner) continue;
        if (lock.owner->alive) {
            threads.insert(lock.owner->tid);
            if (!graph.names.contains(lock.owner->tid)) {
                elsewhere[lock.owner->tid] =
                    lock.owner->pid == 0 ? lock.owner->name
                                         : formatted("{} of {}", lock.owner->name, lock.owner->pid);
            }
            edges += formatted("  lock{} -> thread{}{};\n", i, lock.owner->tid,
                               red ? " [color=red]" : "");
        } else {
            dead[lock.owner->tid] = &*lock.owner;
            edges += formatted("  lock{} -> dead{} [color=red];\n", i, lock.owner->tid);
        }
    }
    for (const pid_t tid : threads) {
        const auto name = graph.names.find(tid);
        const std::string& text = name != graph.names.end() ? name->second : elsewhere[tid];
        out += formatted("  thread{} [label={}];\n", tid,
                         in_quotes(formatted("{} {}", tid, base::clean_line(text))));
    }
    for (const auto& [tid, owner] : dead) {
        out += formatted(
            "  dead{} [style=dashed, color=red, label={}];\n", tid,
            in_quotes(tid == 0 ? std::string("a dead thread")
                               : formatted("{} {} (dead)", tid, base::clean_line(owner->name))));
    }
    return out + edges + "}\n";
}

std::string render_watch(pid_t pid, const std::string& command, const drive::WatchReport& report,
                         const Style& style) {
    const std::string word(to_string(report.verdict));
    std::string verdict = style.yellow(word);
    if (report.verdict == Progress::stuck) verdict = style.red(word);
    if (report.verdict == Progress::progressing || report.verdict == Progress::idle) {
        verdict = style.green(word);
    }
    std::string out = formatted("{} {}: {}\n", style.bold(std::to_string(pid)),
                                shorten(base::clean_line(command), 60, true), verdict);
    for (const std::string& sentence : report.evidence)
        out += formatted("  {}\n", base::clean_line(sentence));
    if (report.verdict == Progress::stuck) {
        const std::string tree = drive::lock_tree(report.locks);
        if (!tree.empty()) out += "\n" + emphasised(tree, style);
    }
    return out;
}

std::string json_watch(pid_t pid, const drive::WatchReport& report) {
    return line({{"pid", pid},
                 {"verdict", to_string(report.verdict)},
                 {"evidence", report.evidence},
                 {"grounds", json_of(report.grounds)},
                 {"seconds", base::rounded(report.seconds, base::kMillis)}});
}

}  // namespace threadfault::cli
