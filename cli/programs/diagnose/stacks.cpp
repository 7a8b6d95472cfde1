#include "programs/diagnose/stacks.hpp"

#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "format/format.hpp"
#include "render/json_values.hpp"
#include "render/text.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <unordered_map>

namespace threadfault::cli {
namespace {

std::string where(const diagnose::SourceLine& line, const diagnose::CodePlace& place) {
    if (!line.file.empty()) {
        const std::string file = line.file.substr(line.file.rfind('/') + 1);
        return line.line > 0 ? formatted("{}:{}", file, line.line) : file;
    }
    if (place.module.empty()) return {};
    return formatted("{}+{:#x}", place.module, place.offset);
}

// Every frame of every thread that stands at the same place has the same text.
class FrameTexts {
public:
    explicit FrameTexts(const Style& style) : style_(style) {}

    const std::string& of(const diagnose::Frame& frame) {
        const auto [entry, fresh] = texts_.try_emplace(frame.place);
        if (!fresh) return entry->second;
        const diagnose::CodePlace& place = *frame.place;
        for (const diagnose::SourceLine& line : place.lines) {
            std::string function = line.function;
            if (function.empty()) {
                function = place.module.empty()
                               ? formatted("{:#x} (no module: generated code?)", frame.ip)
                               : "??";
            }
            const std::string at = where(line, place);
            entry->second += formatted("    {}{}{}\n", base::clean_line(function),
                                       at.empty() ? "" : style_.dim("  " + base::clean_line(at)),
                                       line.inlined ? style_.dim("  (inlined)") : "");
        }
        // Without a name, the build-id tells which debug information would have one.
        if (place.lines.front().function.empty() && !place.build_id.empty()) {
            entry->second.pop_back();
            entry->second += style_.dim(formatted("  build-id {}", place.build_id)) + "\n";
        }
        return entry->second;
    }

private:
    const Style& style_;
    std::unordered_map<const diagnose::CodePlace*, std::string> texts_;
};

std::string title(const drive::ThreadView& thread, const diagnose::Backtrace& trace,
                  const Style& style) {
    std::string text = formatted("{} {}", thread.tid, style.bold(base::clean_line(thread.name)));
    std::string more = thread.path;
    if (!thread.start.empty()) more += (more.empty() ? "" : ", ") + thread.start;
    if (!more.empty()) text += style.dim(formatted(" ({})", base::clean_line(more)));
    for (const std::string_view fault : drive::fault_names(thread.faults))
        text += " " + style.yellow(fault);
    if (trace.via == diagnose::Via::ptrace) text += style.dim(" via ptrace");
    return text;
}

std::string holdings(const drive::ThreadView& thread) {
    std::string out;
    for (const drive::HeldLock& lock : thread.holding) {
        out += formatted(
            "  holds {} {}: {} wait{} for it\n", to_string(lock.kind),
            lock.symbol.empty() ? formatted("{:#x}", lock.address) : base::clean_line(lock.symbol),
            counted(lock.waiters, "thread"), lock.waiters == 1 ? "s" : "");
    }
    return out;
}

void add_frames(const diagnose::Backtrace& trace, FrameTexts& texts, const Style& style,
                std::string* out) {
    if (trace.frames.empty()) {
        *out += formatted("    no backtrace: {}\n",
                          trace.why.empty() ? "the first frame can't be read" : trace.why.text);
    }
    for (const diagnose::Frame& frame : trace.frames) {
        if (frame.signal) *out += style.dim("    <interrupted by a signal>") + "\n";
        *out += texts.of(frame);
    }
    if (!trace.frames.empty() && !trace.why.empty()) {
        *out += style.dim(formatted("    {}", base::clean_line(trace.why.text))) + "\n";
    }
    if (trace.cut) *out += style.dim("    … and more frames: use --depth") + "\n";
}

// Indices into the report, the largest group first.
std::vector<std::vector<std::size_t>> equal_stacks(const StackReport& report) {
    std::map<std::vector<const diagnose::CodePlace*>, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < report.traces.size(); ++i) {
        std::vector<const diagnose::CodePlace*> key;
        for (const diagnose::Frame& frame : report.traces[i].frames)
            key.push_back(frame.place);
        groups[key].push_back(i);
    }
    std::vector<std::vector<std::size_t>> order;
    order.reserve(groups.size());
    for (auto& [key, members] : groups)
        order.push_back(std::move(members));
    std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
        return a.size() != b.size() ? a.size() > b.size() : a.front() < b.front();
    });
    return order;
}

Json json_frames(const diagnose::Backtrace& trace) {
    Json frames = Json::array();
    for (const diagnose::Frame& frame : trace.frames) {
        const diagnose::CodePlace& place = *frame.place;
        for (const diagnose::SourceLine& line : place.lines) {
            frames.push_back(
                {{"ip", formatted("{:#x}", frame.ip)},
                 {"function", text_or_null(line.function)},
                 {"file", text_or_null(line.file)},
                 {"line", line.line > 0 ? Json(line.line) : Json(nullptr)},
                 {"module", text_or_null(place.module)},
                 {"offset",
                  place.module.empty() ? Json(nullptr) : Json(formatted("{:#x}", place.offset))},
                 {"build_id", text_or_null(place.build_id)},
                 {"inlined", line.inlined},
                 {"signal", frame.signal}});
        }
    }
    return frames;
}

Json json_thread(const drive::ThreadView& view, const diagnose::Backtrace& trace) {
    Json thread = {{"tid", trace.tid}, {"name", view.name}, {"path", text_or_null(view.path)}};
    thread["via"] = trace.via == diagnose::Via::agent    ? Json("agent")
                    : trace.via == diagnose::Via::ptrace ? Json("ptrace")
                                                         : Json(nullptr);
    thread["held_seconds"] = base::rounded(trace.held_seconds, base::kNanos);
    thread["cut"] = trace.cut;
    thread["reason"] = text_or_null(trace.why.text);
    thread["reason_code"] = text_or_null(std::string(to_string(trace.why.code)));
    thread["holding"] = held_locks(view.holding);
    return thread;
}

}  // namespace

void render_stacks(const StackReport& report, const Style& style,
                   const std::function<void(std::string_view)>& write) {
    constexpr std::size_t kPiece = 32 << 10;
    FrameTexts texts(style);
    std::string out;
    for (std::size_t i = 0; i < report.traces.size(); ++i) {
        if (i > 0) out += '\n';
        out += title(report.threads[i], report.traces[i], style) + "\n";
        out += holdings(report.threads[i]);
        add_frames(report.traces[i], texts, style, &out);
        if (out.size() >= kPiece) {
            write(out);
            out.clear();
        }
    }
    write(out);
}

std::string collapsed_stacks(const StackReport& report, const Style& style) {
    FrameTexts texts(style);
    std::string out;
    for (const std::vector<std::size_t>& members : equal_stacks(report)) {
        if (!out.empty()) out += '\n';
        std::map<std::string, std::vector<pid_t>> by_name;
        for (const std::size_t member : members)
            by_name[report.threads[member].name].push_back(report.threads[member].tid);
        out += style.bold(counted(members.size(), "thread") + ":");
        constexpr std::size_t kMost = 8;
        for (const auto& [name, tids] : by_name) {
            out += formatted(
                " {} ({}{})", base::clean_line(name),
                joined(std::span(tids).first(std::min(kMost, tids.size())), " "),
                tids.size() > kMost ? formatted(" and {} more", tids.size() - kMost) : "");
        }
        out += '\n';
        for (const std::size_t member : members) {
            const drive::ThreadView& thread = report.threads[member];
            if (!thread.holding.empty()) out += formatted("  {}", thread.tid) + holdings(thread);
        }
        add_frames(report.traces[members.front()], texts, style, &out);
    }
    return out;
}

std::string json_stacks(const StackReport& report, bool collapse) {
    Json json = {{"pid", report.pid}};
    if (!collapse) {
        json["threads"] = Json::array();
        for (std::size_t i = 0; i < report.traces.size(); ++i) {
            Json thread = json_thread(report.threads[i], report.traces[i]);
            thread["frames"] = json_frames(report.traces[i]);
            json["threads"].push_back(std::move(thread));
        }
        return line(json);
    }
    json["groups"] = Json::array();
    for (const std::vector<std::size_t>& members : equal_stacks(report)) {
        Json group = {{"count", members.size()}, {"threads", Json::array()}};
        for (const std::size_t member : members)
            group["threads"].push_back(json_thread(report.threads[member], report.traces[member]));
        group["frames"] = json_frames(report.traces[members.front()]);
        json["groups"].push_back(std::move(group));
    }
    return line(json);
}

}  // namespace threadfault::cli
