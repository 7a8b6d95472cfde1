#include "render/json.hpp"

#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "format/format.hpp"
#include "render/error_table.hpp"
#include "render/grounds.hpp"
#include "render/json_values.hpp"

#include <algorithm>

namespace threadfault::cli {
namespace {

template <typename T>
Json value_or_null(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json cancel_of(const drive::ThreadView& thread) {
    if (thread.cancel == wire::kCancelUnknown) return nullptr;
    Json type = "deferred";
    if ((thread.cancel & wire::kCancelAsynchronous) != 0) {
        // In a cancellation point glibc sets that bit itself: what the program chose is not known.
        const bool in_call = thread.syscall && !thread.syscall->running;
        type = in_call ? Json(nullptr) : Json("asynchronous");
    }
    return {{"enabled", (thread.cancel & wire::kCancelDisabled) == 0},
            {"type", type},
            {"pending", (thread.cancel & wire::kCancelPending) != 0}};
}

std::string name_of(pid_t tid, const std::vector<drive::ThreadView>& threads) {
    const auto found = std::find_if(threads.begin(), threads.end(),
                                    [tid](const auto& thread) { return thread.tid == tid; });
    return found == threads.end() ? std::string() : found->name;
}

Json waiting_of(const drive::ThreadView& thread, const std::vector<drive::ThreadView>& threads) {
    if (!thread.waiting) return nullptr;
    const drive::Waiting& waiting = *thread.waiting;
    Json json = {{"kind", to_string(waiting.kind)},
                 {"address", address_or_null(waiting.address)},
                 {"symbol", text_or_null(waiting.symbol)},
                 {"owner_tid", value_or_null(waiting.owner_tid)}};
    json["owner_alive"] =
        waiting.owner_tid || waiting.owner_dead ? Json(waiting.owner_alive) : Json(nullptr);
    json["owner_pid"] = waiting.owner_pid != 0 ? Json(waiting.owner_pid) : Json(nullptr);
    // As in `locks`.
    json["owner"] = nullptr;
    if (waiting.owner_tid || waiting.owner_dead) {
        const std::string name =
            waiting.owner_tid ? name_of(*waiting.owner_tid, threads) : std::string();
        json["owner"] = {{"tid", value_or_null(waiting.owner_tid)},
                         {"name", text_or_null(name)},
                         {"alive", waiting.owner_alive},
                         {"pid", json["owner_pid"]}};
    }
    json["call"] = text_or_null(waiting.call);
    return json;
}

Json thread_of(const drive::ThreadView& thread, const std::vector<drive::ThreadView>& threads) {
    Json json = {{"tid", thread.tid},
                 {"name", thread.name},
                 {"state", std::string(1, thread.state)},
                 {"main", thread.main},
                 {"start", text_or_null(thread.start)},
                 {"start_location", text_or_null(thread.start_location)},
                 {"path", text_or_null(thread.path)},
                 {"index", value_or_null(thread.index)},
                 {"creator_tid", value_or_null(thread.creator_tid)},
                 {"pthread", address_or_null(thread.pthread)},
                 {"cpu_seconds", base::rounded(thread.cpu_seconds, base::kHundredths)},
                 {"age_seconds", base::rounded(thread.age_seconds, base::kMillis)}};
    json["cancel"] = cancel_of(thread);
    json["waiting_on"] = waiting_of(thread, threads);
    json["syscall"] =
        text_or_null(thread.syscall ? drive::syscall_text(*thread.syscall) : std::string());
    json["holding"] = held_locks(thread.holding);
    json["signal_blocked"] = value_or_null(thread.signal_blocked);
    json["faults"] = Json::array();
    for (std::string_view fault : drive::fault_names(thread.faults))
        json["faults"].push_back(fault);
    const auto rounded_or_null = [](const std::optional<double>& seconds) {
        return seconds ? Json(base::rounded(*seconds, base::kMillis)) : Json(nullptr);
    };
    json["hold_left_seconds"] = rounded_or_null(thread.hold_left);
    json["slow_left_seconds"] = rounded_or_null(thread.slow_left);
    json["slow_percent"] = value_or_null(thread.slow_percent);
    return json;
}

// Of "4711 worker (main/3)", as ErrorFacts has it; a path may be missing, a name may be anything.
Json candidate_of(std::string_view text) {
    const std::size_t name_at = text.find(' ') + 1;
    std::size_t name_end = text.size();
    Json path = nullptr;
    const std::size_t opening = text.rfind(" (main");
    if (opening != std::string_view::npos && opening >= name_at && text.ends_with(')')) {
        path = text.substr(opening + 2, text.size() - opening - 3);
        name_end = opening;
    }
    return {{"tid", std::stoi(std::string(text.substr(0, name_at)))},
            {"name", text.substr(name_at, name_end - name_at)},
            {"path", path}};
}

Json result_of(pid_t pid, std::string_view fault, std::string_view how,
               const drive::Result& result) {
    Json json = {{"pid", pid},
                 {"tid", result.victim.tid},
                 {"name", result.victim.name},
                 {"path", text_or_null(result.victim.path)},
                 {"fault", fault}};
    if (!how.empty()) json["how"] = how;
    json["outcome"] = to_string(result.outcome);
    json["reason"] = text_or_null(result.reason);
    json["reason_code"] = text_or_null(reason_code(result.reason));
    if (!how.empty()) json["grounds"] = json_of(result.grounds, true);
    json["seconds"] = base::rounded(result.seconds, base::kMicros);
    return json;
}

Json container_or_null(const std::optional<observe::Container>& container) {
    if (!container) return nullptr;
    return {{"runtime", text_or_null(container->runtime)}, {"id", container->id}};
}

}  // namespace

std::string json_threads(const ThreadReport& report) {
    const std::vector<drive::ThreadView>& threads = report.list.threads;
    Json json = {{"pid", report.pid}, {"command", report.command}, {"agent", report.agent}};
    json["container"] = container_or_null(report.container);
    json["limited"] = text_or_null(limits_text(report));
    json["limited_code"] =
        report.list.waits_permitted ? Json(nullptr) : Json(to_string(ErrorCode::not_permitted));
    json["threads"] = Json::array();
    for (const drive::ThreadView& thread : threads)
        json["threads"].push_back(thread_of(thread, threads));
    return line(json);
}

std::string json_targets(const std::vector<drive::TargetProcess>& targets) {
    Json list = Json::array();
    for (const drive::TargetProcess& target : targets) {
        list.push_back({{"pid", target.pid},
                        {"command", target.command},
                        {"threads", target.threads},
                        {"agent", true},
                        {"container", container_or_null(target.container)}});
    }
    return line({{"targets", std::move(list)}});
}

// Of the checks, those of attaching together: null where there are none.
static Json attach_outlook(const std::vector<drive::Check>& checks) {
    Json outlook;
    for (const drive::Check& check : checks) {
        if (!check.name.starts_with(drive::kAttachChecks)) continue;
        if (outlook.is_null())
            outlook = {{"possible", true}, {"exit_status", 0}, {"code", nullptr}};
        if (check.ok || !check.error) continue;
        return {{"possible", false},
                {"exit_status", exit_status(*check.error)},
                {"code", to_string(check.error->error_code())}};
    }
    return outlook;
}

std::string json_checks(const std::vector<drive::Check>& checks) {
    Json json = {{"ok", drive::all_ok(checks)}, {"attach", attach_outlook(checks)}};
    json["checks"] = Json::array();
    for (const drive::Check& check : checks) {
        json["checks"].push_back(
            {{"name", check.name},
             {"ok", check.ok},
             {"detail", check.detail},
             {"hint", text_or_null(check.error ? hint(*check.error) : check.hint)}});
    }
    return line(json);
}

std::string json_error(const Error& error) {
    Json body = {{"code", to_string(error.error_code())},
                 {"message", base::clean_message(error.what())},
                 {"hint", text_or_null(base::clean_message(hint(error)))}};
    if (error.error_code() == ErrorCode::ambiguous_selector) {
        body["candidates"] = Json::array();
        for (const std::string& candidate : error.facts().candidates)
            body["candidates"].push_back(candidate_of(candidate));
    }
    return line({{"error", body}});
}

std::string json_results(pid_t pid, std::string_view fault, std::string_view how,
                         const std::vector<drive::Result>& results, bool many) {
    if (!many && results.size() == 1) return line(result_of(pid, fault, how, results.front()));
    Json json = {{"pid", pid}};
    json["results"] = Json::array();
    for (const drive::Result& result : results) {
        json["results"].push_back(result_of(pid, fault, how, result));
    }
    return line(json);
}

}  // namespace threadfault::cli
