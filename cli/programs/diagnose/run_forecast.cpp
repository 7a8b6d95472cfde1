// threadfault kill --dry-run, done.
#include "base/clean_text.hpp"
#include "base/fault.hpp"
#include "commands/forecast.hpp"
#include "diagnose/forecast.hpp"
#include "diagnose/runtimes.hpp"
#include "diagnose/safe_point.hpp"
#include "drive/faults/inflict.hpp"
#include "drive/locks/holdings.hpp"
#include "drive/locks/member_names.hpp"
#include "format/format.hpp"
#include "render/grounds.hpp"
#include "render/json_values.hpp"
#include "render/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>

namespace threadfault::cli {
namespace {

using Json = nlohmann::ordered_json;
using diagnose::Prospect;

struct Outlook {
    drive::Victim victim;
    diagnose::Forecast forecast;
};

std::string sentence(Prospect prospect, std::string_view how) {
    switch (prospect) {
        case Prospect::ends:
            return formatted("{} would end it; the process would survive", how);
        case Prospect::stays:
            return formatted("{} would not take effect; the thread would go on", how);
        case Prospect::aborts:
            return formatted("{} would abort the process", how);
        case Prospect::unsafe:
            return formatted("{} would be unsafe at the moment", how);
        case Prospect::unknown:
            break;
    }
    return formatted("the effect of {} is unknown", how);
}

// Of the process that the threads belong to; nullptr: none that is known.
const diagnose::Runtime* runtime_of(const observe::Process& process) {
    try {
        return diagnose::runtime_of(observe::Maps(process), observe::Memory(process.pid()));
    } catch (const Error&) {
        return nullptr;
    }
}

std::string text_of(const std::vector<Outlook>& outlooks, const diagnose::Runtime* runtime,
                    std::string_view how, const Style& style) {
    std::string out;
    for (const Outlook& outlook : outlooks) {
        const drive::Victim& victim = outlook.victim;
        out += formatted("{} {}", victim.tid, style.bold(base::clean_line(victim.name)));
        if (!victim.path.empty()) out += style.dim(formatted(" ({})", victim.path));
        const std::string words = sentence(outlook.forecast.prospect, how);
        const bool bad = outlook.forecast.prospect == Prospect::aborts;
        out += ": " + (bad ? style.red(words) : words) + "\n";
        for (const std::string& fact : drive::sentences(outlook.forecast.grounds))
            out += formatted("  {}\n", base::clean_line(fact));
    }
    if (runtime != nullptr) out += formatted("{}: {}\n", runtime->name, runtime->advice);
    return out;
}

// By thread: why the agent would refuse the fault just now, where it knows that beforehand.
std::map<pid_t, std::string> refusals_of(const observe::Process& process,
                                         client::Connection* connection,
                                         const std::vector<drive::Victim>& victims,
                                         const drive::Plan& plan) {
    std::map<pid_t, std::string> refusals;
    // One that stands still can't be asked, and says nothing of what stands against it later.
    if (connection == nullptr || connection->is_stopped()) return refusals;
    for (const drive::Result& result : drive::inflict(process, connection, victims, plan)) {
        // Where the thread is, the forecast itself tells.
        if (result.why == wire::Reason::no_safe_point) continue;
        if (result.outcome == Outcome::refused && !result.reason.empty()) {
            refusals[result.victim.tid] = result.reason;
        }
    }
    return refusals;
}

// Whatever its stack tells: nothing would be done to it.
void refuse(diagnose::Forecast* forecast, const std::string& reason) {
    forecast->prospect = Prospect::stays;
    forecast->grounds.insert(forecast->grounds.begin(),
                             {drive::GroundCode::would_be_refused,
                              {{"reason", reason}, {"reason_code", reason_code(reason)}}});
    forecast->orphans.clear();
}

// Locks that nobody waits for have no name so far.
std::vector<diagnose::LockAtStake> named_locks(const observe::Process& process,
                                               diagnose::LocksAtStake& search,
                                               const drive::ThreadView& thread,
                                               const diagnose::Backtrace& trace) {
    auto locks = search.of(thread, trace);
    const bool unnamed = std::any_of(locks.begin(), locks.end(),
                                     [](const auto& one) { return one.lock.symbol.empty(); });
    if (!unnamed) return locks;
    std::vector<drive::ThreadView> views(1);
    for (const diagnose::LockAtStake& one : locks)
        views.front().holding.push_back(one.lock);
    drive::name_holdings(process, views);
    for (std::size_t i = 0; i < locks.size(); ++i) {
        if (locks[i].lock.symbol.empty()) locks[i].lock.symbol = views.front().holding[i].symbol;
    }
    return locks;
}

Json json_of_orphans(const std::vector<diagnose::LockAtStake>& orphans) {
    Json json = Json::array();
    for (const diagnose::LockAtStake& one : orphans) {
        Json lock = json_of(diagnose::ground_lock(one));
        lock["waiters"] = one.lock.waiters;
        json.push_back(std::move(lock));
    }
    return json;
}

Json json_of_outlook(pid_t pid, const Outlook& outlook, const diagnose::Runtime* runtime,
                     std::string_view how) {
    return {{"pid", pid},
            {"tid", outlook.victim.tid},
            {"name", outlook.victim.name},
            {"path", text_or_null(outlook.victim.path)},
            {"fault", "kill"},
            {"how", how},
            {"dry_run", true},
            {"forecast", diagnose::to_string(outlook.forecast.prospect)},
            {"facts", drive::sentences(outlook.forecast.grounds)},
            {"grounds", json_of(outlook.forecast.grounds)},
            {"orphans", json_of_orphans(outlook.forecast.orphans)},
            {"runtime", runtime == nullptr ? Json(nullptr) : Json(runtime->code)},
            {"advice", runtime == nullptr ? Json(nullptr) : Json(runtime->advice)}};
}

}  // namespace

int run_forecast(const ThreadOptions& options, const drive::Plan& plan,
                 const Invocation& invocation) {
    const wire::Fault how = plan.fault();
    const drive::Choice choice = choice_of(options);
    const drive::Selector selector = drive::parse_selector(options.thread);
    const observe::Process process = open_process(options.pid);
    // Looking needs no agent, and attaches to nothing.
    client::Connection::set_attach_if_absent({});
    std::optional<client::Connection> connection;
    connect_if_possible(process, &connection);
    client::Connection* const agent = connection ? &*connection : nullptr;
    const std::vector<drive::Victim> victims = drive::choose(process, agent, selector, choice);
    drive::ThreadList list = drive::list_threads(process, agent, {.waits = true});
    drive::add_holdings(drive::find_locks(process, agent), list);
    drive::name_members(process, list.threads);
    diagnose::Backtraces backtraces(process, agent);
    diagnose::LocksAtStake search(backtraces);
    const std::map<pid_t, std::string> refusals = refusals_of(process, agent, victims, plan);
    std::vector<Outlook> outlooks;
    for (const drive::Victim& victim : victims) {
        const auto view =
            std::find_if(list.threads.begin(), list.threads.end(),
                         [&](const drive::ThreadView& one) { return one.tid == victim.tid; });
        if (view == list.threads.end()) continue;  // it ended meanwhile
        const diagnose::Thread thread{view->tid, view->inner_tid, view->serial};
        const diagnose::Backtrace trace = diagnose::take_least_safe(backtraces, thread);
        const auto locks = named_locks(process, search, *view, trace);
        Outlook outlook{victim, diagnose::forecast(backtraces, *view, trace, locks, how)};
        const auto refusal = refusals.find(victim.tid);
        if (refusal != refusals.end()) refuse(&outlook.forecast, refusal->second);
        outlooks.push_back(std::move(outlook));
    }
    const std::string_view word = base::info(how).name;
    const diagnose::Runtime* const runtime = runtime_of(process);
    if (!invocation.json) {
        print_out(text_of(outlooks, runtime, word, invocation.style()));
        return 0;
    }
    Json json;
    if (outlooks.size() == 1 && !options.all) {
        json = json_of_outlook(process.pid(), outlooks.front(), runtime, word);
    } else {
        json = {{"pid", process.pid()}, {"results", Json::array()}};
        for (const Outlook& outlook : outlooks)
            json["results"].push_back(json_of_outlook(process.pid(), outlook, runtime, word));
    }
    print_out(line(json));
    return 0;
}

}  // namespace threadfault::cli
