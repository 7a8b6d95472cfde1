#include "drive/faults/choose.hpp"

#include "base/glob.hpp"
#include "base/random_seed.hpp"
#include "base/suggest.hpp"
#include "drive/faults/add_stacks.hpp"
#include "drive/locks/dead_main.hpp"
#include "drive/locks/holdings.hpp"
#include "drive/locks/member_names.hpp"
#include "drive/threads/thread_view.hpp"
#include "format/format.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <tuple>

namespace threadfault::drive {
namespace {

using Key = Term::Key;

constexpr std::size_t kListed = 20;  // of an ambiguous selector's matches

struct Candidate {
    Victim victim;
    std::optional<std::uint32_t> index;
};

// ---- a thread id alone: one read of /proc

std::string owner_of(pid_t tid) {
    // /proc/<tid> exists for every thread of the system, though no listing shows it.
    try {
        const observe::Process unused(tid);
        return formatted("{} is a separate process", tid);
    } catch (const Error& error) {
        return error.advice();
    }
}

[[noreturn]] void no_such_tid(const observe::Process& process, client::Connection* connection,
                              pid_t tid) {
    if (tid == process.pid()) {
        require_not_dead_main(process, connection,
                              Selector{std::to_string(tid), {{.key = Key::main}}});
    }
    const std::string elsewhere = owner_of(tid);
    std::vector<pid_t> tids = process.tids();
    std::erase_if(tids, [&](pid_t other) { return process.name(other) == "threadfault"; });
    const pid_t near = base::nearest_number(tid, tids);
    ErrorFacts facts{.advice = elsewhere};
    if (elsewhere.empty() && near != 0) {
        facts.pid = process.pid();
        facts.nearest = formatted("{} ({})", near, process.name(near).value_or("?"));
    }
    throw Error(ErrorCode::no_such_thread,
                formatted("process {} has no thread {}", process.pid(), tid), std::move(facts));
}

bool is_unjoined(const wire::ThreadRecord& record) {
    return (record.flags & (wire::kThreadUnjoined | wire::kThreadDetached)) != 0;
}

// Nothing: the agent doesn't know the thread, or can't be asked just now; its tid is enough.
void add_record(client::Connection& connection, const observe::TaskStat& stat, Victim* victim) {
    try {
        for (const wire::ThreadRecord& record : connection.list({}, victim->inner_tid)) {
            const bool registered = (record.flags & wire::kThreadUnregistered) == 0;
            if (!registered || !is_same_thread(record, stat.start_ticks)) continue;
            victim->path = path_text(record);
            victim->unjoined = is_unjoined(record);
            return;
        }
    } catch (const Error& error) {
        if (error.code() != ErrorCode::target_stopped) throw;
    }
}

Victim choose_by_tid(const observe::Process& process, client::Connection* connection, pid_t tid) {
    const std::optional<observe::TaskStat> stat = process.stat(tid);
    if (!stat || stat->is_dead()) no_such_tid(process, connection, tid);
    if (stat->is_kernel_worker()) {
        throw Error(ErrorCode::no_such_thread,
                    formatted("thread {} ({}) is a kernel worker, not one of the program's threads",
                              tid, stat->name));
    }
    const pid_t inner = connection != nullptr ? connection->inner_tid(tid) : tid;
    if (connection != nullptr && stat->name == "threadfault" &&
        connection->hello().agent_tid == inner) {
        throw Error(
            ErrorCode::no_such_thread,
            formatted("thread {} is threadfault's own helper in process {}", tid, process.pid()),
            ErrorFacts{.pid = process.pid()});
    }
    Victim victim{.tid = tid,
                  .inner_tid = inner,
                  .start_ticks = stat->start_ticks,
                  .name = stat->name,
                  .path = "main",
                  .state = stat->state,
                  .main = tid == process.pid()};
    if (victim.main) return victim;
    victim.path.clear();
    if (connection != nullptr) add_record(*connection, *stat, &victim);
    return victim;
}

// ---- names, paths, numbers: the registry's answer, confirmed by /proc

bool record_matches(const wire::ThreadRecord& record, const Selector& selector) {
    return std::all_of(selector.terms.begin(), selector.terms.end(), [&](const Term& term) {
        switch (term.key) {
            case Key::name:
                return base::glob_match(term.text.c_str(), record.name);
            case Key::path:
                return path_text(record) == term.text;
            case Key::nth:
                return record.index == static_cast<std::uint32_t>(term.number);
            case Key::main:
                return (record.flags & wire::kThreadMain) != 0;
            default:
                return false;
        }
    });
}

bool registry_suffices(const Selector& selector) {
    return std::all_of(selector.terms.begin(), selector.terms.end(), [](const Term& term) {
        return term.key == Key::name || term.key == Key::path || term.key == Key::nth ||
               term.key == Key::main;
    });
}

// The thread as /proc shows it now, if it is still the one of the record and of that name.
std::optional<Candidate> confirm(const observe::Process& process,
                                 const client::Connection& connection,
                                 const wire::ThreadRecord& record, const Selector& selector) {
    const pid_t tid = connection.outer_tid(record.tid);
    const std::optional<observe::TaskStat> stat = process.stat(tid);
    if (!stat || stat->is_dead() || !is_same_thread(record, stat->start_ticks)) return std::nullopt;
    const std::string_view glob = selector.value(Key::name);
    if (!glob.empty() && !base::glob_match(std::string(glob).c_str(), stat->name.c_str())) {
        return std::nullopt;
    }
    const bool registered = (record.flags & wire::kThreadUnregistered) == 0;
    Candidate candidate;
    candidate.victim = {.tid = tid,
                        .inner_tid = record.tid,
                        .serial = record.serial,
                        .start_ticks = stat->start_ticks,
                        .name = stat->name,
                        .path = registered || tid == process.pid() ? path_text(record) : "",
                        .state = stat->state,
                        .main = tid == process.pid(),
                        .unjoined = is_unjoined(record)};
    if (registered) candidate.index = record.index;
    return candidate;
}

std::vector<Candidate> from_registry(const observe::Process& process,
                                     client::Connection& connection, const Selector& selector) {
    std::vector<Candidate> candidates;
    for (const wire::ThreadRecord& record : connection.list(selector.value(Key::name))) {
        if ((record.flags & wire::kThreadUnregistered) || !record_matches(record, selector))
            continue;
        if (auto candidate = confirm(process, connection, record, selector)) {
            candidates.push_back(std::move(*candidate));
        }
    }
    return candidates;
}

// ---- everything else: a full listing

std::vector<Candidate> from_listing(const ThreadList& list, const Selector& selector) {
    std::vector<Candidate> candidates;
    for (const ThreadView& thread : list.threads) {
        if (!selector.matches(thread)) continue;
        candidates.push_back({{.tid = thread.tid,
                               .inner_tid = thread.inner_tid,
                               .serial = thread.serial,
                               .start_ticks = thread.start_ticks,
                               .name = thread.name,
                               .path = thread.path,
                               .state = thread.state,
                               .main = thread.main},
                              thread.index});
    }
    return candidates;
}

ThreadList listing(const observe::Process& process, client::Connection* connection,
                   const Selector& selector) {
    const Needs needs{.waits = selector.has(Key::waiting),
                      .starts = selector.has(Key::start),
                      .outside = selector.has(Key::start)};
    try {
        ThreadList list = list_threads(process, connection, needs);
        if (selector.has(Key::in)) add_stacks(process, list);
        if (selector.has(Key::holding)) {
            add_holdings(find_locks(process, connection), list);
            name_members(process, list.threads);
        }
        return list;
    } catch (const Error& error) {
        // A stopped process's agent can't answer. What /proc alone tells needs no answer.
        const bool from_proc =
            !selector.has(Key::start) && !selector.has(Key::path) && !selector.has(Key::nth);
        if (error.code() != ErrorCode::target_stopped || !from_proc) throw;
        ThreadList list = list_threads(process, nullptr, needs);
        if (selector.has(Key::in)) add_stacks(process, list);
        return list;
    }
}

// What could not be looked at; "": nothing.
std::string not_known(const client::Connection* connection, const ThreadList& list,
                      const Selector& selector) {
    const bool by_creation = selector.has(Key::path) || selector.has(Key::nth);
    if (by_creation && (connection == nullptr || connection->guardian() != 0)) {
        return "who created which thread, and in what order: no agent has been there from the "
               "start";
    }
    return stacks_unknown(list);
}

[[noreturn]] void no_match(const observe::Process& process, const client::Connection* connection,
                           const ThreadList& list, const Selector& selector) {
    std::set<std::string> names, starts;
    std::vector<pid_t> tids;
    for (const ThreadView& thread : list.threads) {
        names.insert(thread.name);
        if (!thread.start.empty()) starts.insert(observe::without_parameters(thread.start));
        tids.push_back(thread.tid);
    }
    const auto suggest = [](std::string_view key, std::string_view wanted,
                            const std::set<std::string>& known) {
        const std::string near =
            base::nearest(wanted, std::vector<std::string>(known.begin(), known.end()));
        if (!near.empty()) return formatted("did you mean {}={}?", key, near);
        if (known.empty() || known.size() > 8) return std::string();
        return formatted("available: {}={}", key, joined(known, formatted(", {}=", key)));
    };
    std::string hint;
    if (selector.has(Key::name)) hint = suggest("name", selector.value(Key::name), names);
    if (hint.empty() && selector.has(Key::start)) {
        hint = suggest("start", selector.value(Key::start), starts);
    }
    const std::string unknown = not_known(connection, list, selector);
    throw Error(ErrorCode::no_such_thread,
                formatted("no thread of process {} matches \"{}\"{}{}", process.pid(),
                          selector.text, unknown.empty() ? "" : "; not known: ", unknown),
                ErrorFacts{.advice = hint, .pid = process.pid()});
}

[[noreturn]] void ambiguous(const observe::Process& process, const Selector& selector,
                            const std::vector<Candidate>& candidates) {
    ErrorFacts facts{.pid = process.pid()};
    for (const Candidate& candidate : candidates) {
        const Victim& victim = candidate.victim;
        std::string& text =
            facts.candidates.emplace_back(formatted("{} {}", victim.tid, victim.name));
        if (!victim.path.empty()) text += formatted(" ({})", victim.path);
    }
    std::string list;
    for (std::size_t i = 0; i < std::min(candidates.size(), kListed); i++)
        list += formatted("{}{}", i == 0 ? "" : ", ", facts.candidates[i]);
    if (candidates.size() > kListed) list += formatted(" and {} more", candidates.size() - kListed);
    throw Error(ErrorCode::ambiguous_selector,
                formatted("\"{}\" matches {} threads of process {}: {}", selector.text,
                          candidates.size(), process.pid(), list),
                std::move(facts));
}

std::size_t pick(std::size_t count, std::optional<std::uint64_t> seed) {
    // A fixed generator and a fixed way to a number: the same seed picks the same place everywhere.
    std::mt19937_64 generator(seed ? *seed : base::random_seed());
    return static_cast<std::size_t>(generator() % count);
}

std::vector<Victim> apply(const observe::Process& process, const Selector& selector,
                          const Choice& choice, std::vector<Candidate> candidates) {
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
        const auto order = [](const Candidate& candidate) {
            return std::tuple(!candidate.index.has_value(), candidate.index.value_or(0),
                              candidate.victim.start_ticks, candidate.victim.tid);
        };
        return order(a) < order(b);
    });
    if (choice.pick != Pick::one && candidates.size() > 1 && !selector.names_main(process.pid())) {
        std::erase_if(candidates, [](const Candidate& candidate) { return candidate.victim.main; });
    }
    if (choice.pick == Pick::one && candidates.size() > 1) {
        ambiguous(process, selector, candidates);
    }
    if (choice.pick == Pick::random) {
        std::swap(candidates.front(), candidates[pick(candidates.size(), choice.seed)]);
    }
    if (choice.pick != Pick::all) candidates.resize(1);
    std::vector<Victim> victims;
    victims.reserve(candidates.size());
    for (Candidate& candidate : candidates)
        victims.push_back(std::move(candidate.victim));
    return victims;
}

}  // namespace

std::vector<Victim> choose(const observe::Process& process, client::Connection* connection,
                           const Selector& selector, const Choice& choice) {
    if (selector.terms.size() == 1) {
        const Term& only = selector.terms.front();
        if (only.key == Key::tid) {
            return {choose_by_tid(process, connection, static_cast<pid_t>(only.number))};
        }
        if (only.key == Key::main) return {choose_by_tid(process, connection, process.pid())};
    }
    if (connection != nullptr && registry_suffices(selector)) {
        try {
            std::vector<Candidate> found = from_registry(process, *connection, selector);
            if (!found.empty()) return apply(process, selector, choice, std::move(found));
        } catch (const Error& error) {
            if (error.code() != ErrorCode::target_stopped) throw;
        }
        // Not in the registry under that name: a thread that libc made, or one that was renamed
        // behind the shim's back.
    }
    const ThreadList list = listing(process, connection, selector);
    std::vector<Candidate> found = from_listing(list, selector);
    if (found.empty()) {
        for (const Term& term : selector.terms) {
            if (term.key != Key::tid) continue;
            const auto tid = static_cast<pid_t>(term.number);
            const bool listed =
                std::any_of(list.threads.begin(), list.threads.end(),
                            [tid](const ThreadView& view) { return view.tid == tid; });
            if (!listed) no_such_tid(process, connection, tid);
        }
        require_not_dead_main(process, connection, selector);
        no_match(process, connection, list, selector);
    }
    return apply(process, selector, choice, std::move(found));
}

std::vector<Victim> choose_faulty(const observe::Process& process, client::Connection& connection) {
    std::vector<Victim> victims;
    for (const wire::ThreadRecord& record : connection.list()) {
        // A requested cancellation can't be undone.
        if ((record.faults & ~wire::kInForceCancel) == 0) continue;
        if (auto candidate = confirm(process, connection, record, Selector{})) {
            victims.push_back(std::move(candidate->victim));
        }
    }
    return victims;
}

}  // namespace threadfault::drive
