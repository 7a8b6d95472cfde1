#include "top/looker.hpp"

#include "commands/thread_options.hpp"
#include "drive/locks/dead_main.hpp"
#include "drive/locks/holdings.hpp"
#include "drive/locks/lock_graph.hpp"
#include "drive/locks/member_names.hpp"
#include "format/format.hpp"
#include "render/events.hpp"
#include "threadfault/error.hpp"

#include <time.h>

#include <algorithm>

namespace threadfault::cli::top {
namespace {

using namespace std::chrono_literals;

// A process without an agent may get one: it makes its first thread, or is attached to.
constexpr auto kTryAgain = 5s;
// What lay in no file may lie in one that was loaded since.
constexpr auto kNamesAreGood = 10s;
constexpr auto kCodeIsGood = 60s;
constexpr auto kAskAgain = 5s;

std::chrono::nanoseconds cpu_time() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::string time_of_day() {
    const time_t now = time(nullptr);
    tm local{};
    localtime_r(&now, &local);
    return formatted("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

// "process 4711 was not started under threadfault"
std::string reason(const Error& error) {
    constexpr std::string_view kNoAgent = "no agent: ";
    const std::string_view text = error.what();
    return std::string(text.starts_with(kNoAgent) ? text.substr(kNoAgent.size()) : text);
}

Look look_of(const wire::EventReply& event) {
    if (event.lost > 0) return Look::warning;
    switch (event.kind) {
        case EventKind::ended:
            return static_cast<EndKind>(event.how) == EndKind::returned ? Look::plain
                                                                        : Look::strong;
        case EventKind::fault:
            return Look::warning;
        default:
            return Look::plain;
    }
}

}  // namespace

// Constructed anew when the process runs another program.
struct Looker::Code {
    explicit Code(const observe::Process& process)
        : memory(process.pid()), calls(process, memory) {}

    const observe::Memory memory;
    observe::CallFacts calls;
    std::optional<observe::Symbols> symbols;
    std::optional<drive::StartNames> starts;
    Clock::time_point symbols_are_good_until{};
    std::unordered_map<std::uint64_t, std::string> waits;  // names of objects, by address

    observe::Symbols& fresh_symbols(const observe::Process& process) {
        if (!symbols || Clock::now() >= symbols_are_good_until) {
            symbols.emplace(process);
            starts.emplace(process, *symbols);
            symbols_are_good_until = Clock::now() + kNamesAreGood;
        }
        return *symbols;
    }
};

Looker::Looker(const std::string& pid_text)
    : process_(open_process(pid_text)),
      death_(process_.pid()),
      code_(std::make_unique<Code>(process_)) {}

Looker::~Looker() = default;

void Looker::connect(Picture* picture) {
    if (connection_ || Clock::now() < next_try_) return;
    next_try_ = Clock::now() + kTryAgain;
    try {
        connection_.emplace(process_);
        connection_->hello();
        follower_.emplace(process_);
        follower_->follow();
        why_.clear();
    } catch (const Error& error) {
        connection_.reset();
        follower_.reset();
        why_ = reason(error);
    }
    picture->agent = connection_.has_value();
}

bool Looker::has_strangers(const std::vector<drive::ThreadView>& threads) const {
    return std::any_of(threads.begin(), threads.end(), [&](const drive::ThreadView& thread) {
        if (thread.registered || thread.main) return false;
        const auto before = before_.find(thread.tid);
        return before == before_.end() || before->second.start_ticks != thread.start_ticks ||
               !before->second.asked;
    });
}

void Looker::list(Picture* picture) {
    const drive::Needs needs{.waits = true, .calls = &code_->calls, .seen = &seen_};
    client::Connection* const agent = connection_ ? &*connection_ : nullptr;
    drive::ThreadList list = drive::list_threads(process_, agent, needs);
    if (has_strangers(list.threads) && Clock::now() >= next_question_) {
        // A program is run for them: once, and not all the time where threads come and go.
        next_question_ = Clock::now() + kAskAgain;
        drive::Needs more = needs;
        more.outside = true;
        list = drive::list_threads(process_, agent, more);
        for (const drive::ThreadView& thread : list.threads) {
            Before& before = before_[thread.tid];
            if (before.start_ticks != thread.start_ticks)
                before = {thread.start_ticks, 0, "", false};
            before.asked = true;
        }
    }
    name_starts(list.threads);
    name_waits(list.threads);
    drive::add_holdings(list);
    if (auto main = drive::dead_main(process_, agent))
        list.threads.insert(list.threads.begin(), std::move(*main));
    picture->waits_permitted = list.waits_permitted;
    picture->threads = std::move(list.threads);
}

void Looker::name_starts(std::vector<drive::ThreadView>& threads) {
    for (drive::ThreadView& thread : threads) {
        Before& before = before_[thread.tid];
        if (before.start_ticks != thread.start_ticks)
            before = {thread.start_ticks, 0, "", before.asked};
        if (before.start.empty() && thread.start_address != 0) {
            code_->fresh_symbols(process_);
            before.start = code_->starts->name(thread.start_address, thread.start_argument);
        }
        thread.start = before.start;
    }
}

void Looker::name_waits(std::vector<drive::ThreadView>& threads) {
    std::vector<drive::ThreadView> fresh;
    for (const drive::ThreadView& thread : threads) {
        if (!thread.waiting || !thread.waiting->symbol.empty()) continue;
        const auto [name, is_new] = code_->waits.try_emplace(thread.waiting->address);
        if (!is_new) continue;
        name->second = drive::object_symbol(code_->fresh_symbols(process_), name->first);
        if (name->second.empty()) continue;
        fresh.emplace_back().waiting = thread.waiting;
        fresh.back().waiting->symbol = name->second;
    }
    if (!fresh.empty()) {
        drive::name_members(process_, fresh);
        for (const drive::ThreadView& one : fresh)
            code_->waits[one.waiting->address] = one.waiting->symbol;
    }
    for (drive::ThreadView& thread : threads) {
        if (thread.waiting && thread.waiting->symbol.empty())
            thread.waiting->symbol = code_->waits[thread.waiting->address];
    }
    // Objects on stacks and heaps come and go.
    constexpr std::size_t kMostNames = 20'000;
    if (code_->waits.size() > kMostNames) code_->waits.clear();
}

// CPU time since the last look, as a share of one CPU.
void Looker::compare(Picture* picture) {
    const Clock::time_point now = Clock::now();
    const double elapsed = std::chrono::duration<double>(now - last_look_).count();
    const bool first = last_look_ == Clock::time_point();
    last_look_ = now;
    picture->percents.assign(picture->threads.size(), 0);
    picture->cpu_percent = 0;
    std::unordered_map<pid_t, Before> seen;
    seen.reserve(picture->threads.size());
    for (std::size_t i = 0; i < picture->threads.size(); ++i) {
        const drive::ThreadView& thread = picture->threads[i];
        const auto old = before_.find(thread.tid);
        Before before = old != before_.end() ? std::move(old->second) : Before{};
        const bool is_same =
            before.start_ticks == thread.start_ticks && before.cpu_nanoseconds != 0;
        const std::uint64_t cpu =
            seen_.cpu_nanoseconds(thread.tid)
                .value_or(static_cast<std::uint64_t>(thread.cpu_seconds * 1e9));
        if (!first && is_same && cpu >= before.cpu_nanoseconds && elapsed > 0) {
            const double used = static_cast<double>(cpu - before.cpu_nanoseconds) * 1e-9;
            picture->percents[i] = 100 * used / elapsed;
            picture->cpu_percent += picture->percents[i];
        }
        before.start_ticks = thread.start_ticks;
        before.cpu_nanoseconds = cpu;
        seen.emplace(thread.tid, std::move(before));
    }
    before_ = std::move(seen);
}

// What was learned of its code, while that is what it was.
void Looker::renew_code(Picture* picture) {
    std::string command = process_.command();
    if (command == picture->command && Clock::now() < code_is_good_until_) return;
    picture->command = std::move(command);
    code_ = std::make_unique<Code>(process_);
    code_is_good_until_ = Clock::now() + kCodeIsGood;
}

void Looker::look_for_locks(Picture* picture) {
    // Of a thousand threads it takes more than all the rest: less often, then.
    constexpr int kLeastPause = 150;  // times what it took
    if (Clock::now() < next_locks_) return;
    const std::chrono::nanoseconds before = cpu_time();
    picture->locks.clear();
    try {
        const drive::LockGraph graph =
            drive::find_locks(process_, connection_ ? &*connection_ : nullptr);
        for (drive::LockTreeLine& line : drive::lock_tree_lines(graph)) {
            picture->locks.push_back(
                {std::move(line.text), line.tid, line.bad ? Look::bad : Look::plain});
        }
    } catch (const Error& error) {
        if (error.error_code() != ErrorCode::not_permitted) throw;
        picture->locks.push_back({formatted("not permitted: {}", error.what()), 0, Look::warning});
    }
    next_locks_ = Clock::now() + (cpu_time() - before) * kLeastPause;
}

void Looker::look(Picture* picture, bool locks) {
    picture->pid = process_.pid();
    picture->time = time_of_day();
    if (!picture->ended.empty()) return;
    const auto ended = [&] {
        if (!death_.has_ended() && process_.alive()) return false;
        picture->ended = death_.text();
        connection_.reset();
        follower_.reset();
        return true;
    };
    try {
        if (ended()) return;
        renew_code(picture);
        connect(picture);
        list(picture);
        compare(picture);
        if (locks) look_for_locks(picture);
    } catch (const Error& error) {
        if (ended()) return;
        // The agent is gone, or does not answer: what /proc tells is left, until it does again.
        connection_.reset();
        follower_.reset();
        next_try_ = Clock::now() + kTryAgain;
        why_ = reason(error);
        list(picture);
        compare(picture);
    }
    picture->agent = connection_.has_value();
    picture->why = why_;
}

void Looker::take_events(Picture* picture) {
    if (!follower_) return;
    try {
        const Style plain{.unicode = true};
        while (const auto event = follower_->receive_event(client::Clock::now())) {
            const pid_t tid = follower_->outer_tid(event->tid);
            std::string text = text_event(*event, tid != 0 ? tid : event->tid, plain);
            std::size_t end = 0;
            while ((end = text.find('\n')) != std::string::npos) {
                picture->events.push_back({text.substr(0, end), look_of(*event)});
                text.erase(0, end + 1);
            }
            while (picture->events.size() > kMostEvents)
                picture->events.pop_front();
        }
    } catch (const Error&) {
        // The next look finds out what that means.
        follower_.reset();
        connection_.reset();
    }
}

}  // namespace threadfault::cli::top
