#include "attach/works.hpp"

#include "base/fault.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace threadfault::attach {
namespace {

using namespace std::chrono_literals;
using Clock = Works::Clock;
using Kind = Attempt::Kind;
using wire::Fault;
using wire::FaultOutcome;
using wire::Reason;

constexpr auto kWatchEvery = 500us;  // is the thread gone?
constexpr auto kLongestPause = 20ms;
// A page fault looks like an uninterruptible wait for a moment.
constexpr auto kToBelieveSleep = 50ms;
constexpr auto kSlowPeriod = 20ms;
constexpr auto kNever = std::chrono::hours(1);

}  // namespace

Works::Works(const observe::Process& process, Attachment& attachment, Answer answer)
    : process_(process), attachment_(attachment), answer_(std::move(answer)) {}

std::uint64_t Works::start_of(pid_t tid) const {
    const auto stat = process_.stat(tid);
    return stat && !stat->is_dead() ? stat->start_ticks : 0;
}

void Works::begin(int client, const wire::FaultRequest& request) {
    Work work;
    work.client = client;
    work.request = request;
    work.key = {request.tid, start_of(request.tid)};
    work.begin = Clock::now();
    work.deadline =
        work.begin + std::chrono::nanoseconds(std::max<std::int64_t>(request.wait_ns, 0));
    work.next = work.begin;
    if (work.key.start_ticks == 0) {
        finish(work, FaultOutcome::no_such_thread, Reason::none);
        return;
    }
    // What would stand against it is found out only on the thread itself.
    if ((request.flags & wire::kFaultJudge) != 0) {
        finish(work, FaultOutcome::refused, Reason::none);
        return;
    }
    if (!step(work)) works_.push_back(std::move(work));
}

void Works::forget_client(int client) {
    for (Work& work : works_)
        if (work.client == client) work.client = -1;
}

Attempt Works::thaw(const ThreadKey& key) {
    const bool slow = slow_.erase(key) != 0;
    const auto demoted = demoted_.find(key);
    bool undone = slow;
    if (demoted != demoted_.end()) {
        if (!drive::put_back(key.tid, demoted->second.before))
            return {Kind::refused, Reason::not_permitted};
        demoted_.erase(demoted);
        undone = true;
    }
    releases_.erase(key);
    Attempt attempt = attachment_.release(key);
    if (attempt.kind == Kind::acted && undone) attempt.reason = Reason::none;
    return attempt;
}

// What is done, or not, at once.
Attempt Works::attempt_direct(const Work& work) {
    const wire::FaultRequest& request = work.request;
    const std::optional<Clock::time_point> until =
        request.duration_ns > 0
            ? std::optional(Clock::now() + std::chrono::nanoseconds(request.duration_ns))
            : std::nullopt;
    switch (request.fault) {
        case Fault::signal: {
            const Reason reason =
                drive::queue_signal(process_.pid(), work.key.tid, request.signal, request.value);
            return {reason == Reason::none ? Kind::acted : Kind::refused, reason};
        }
        case Fault::demote: {
            Demoted& demoted = demoted_[work.key];
            const Reason reason = drive::set_priority(work.key.tid, request, &demoted.before);
            demoted.until = until;
            return {reason == Reason::none ? Kind::acted : Kind::refused, reason};
        }
        case Fault::slow:
            // Is it one that can be held at all? Found out where a filter may forbid it.
            if (attachment_.facts().filtered && !attachment_.is_held(work.key)) {
                Attempt first = attachment_.hold(work.key, Fault::slow);
                if (first.kind == Kind::refused || first.kind == Kind::gone) return first;
                attachment_.release(work.key);
            }
            slow_[work.key] = {request.percent, until, false, Clock::now()};
            return {};
        case Fault::thaw:
            return thaw(work.key);
        default:
            return {Kind::refused, Reason::not_supported};
    }
}

Attempt Works::attempt(Work& work) {
    const bool anywhere = (work.request.flags & wire::kFaultAnywhere) != 0;
    switch (work.request.fault) {
        case Fault::vanish:
            return attachment_.vanish(work.key, anywhere);
        case Fault::exit:
            return attachment_.exit(work.key, anywhere);
        case Fault::cancel:
            return attachment_.cancel(work.key, false, anywhere);
        case Fault::async_cancel:
            return attachment_.cancel(work.key, true, anywhere);
        case Fault::interrupt:
            return attachment_.interrupt(work.key);
        case Fault::freeze:
        case Fault::delay:
        case Fault::spin: {
            Attempt held = attachment_.hold(work.key, work.request.fault);
            if (held.kind != Kind::acted) return held;
            if (work.request.duration_ns > 0) {
                releases_[work.key] =
                    Clock::now() + std::chrono::nanoseconds(work.request.duration_ns);
            } else {
                releases_.erase(work.key);
            }
            return held;
        }
        default:
            return attempt_direct(work);
    }
}

bool Works::step(Work& work) {
    const bool death = base::info(work.request.fault).death;
    if (!work.acted) {
        ++work.attempts;
        work.last = attempt(work);
        switch (work.last.kind) {
            case Kind::gone:
                finish(work, FaultOutcome::no_such_thread, Reason::none);
                return true;
            case Kind::refused:
                finish(work, FaultOutcome::refused, work.last.reason);
                return true;
            case Kind::again: {
                const auto now = Clock::now();
                const bool asleep = work.last.reason == Reason::uninterruptible &&
                                    now - work.begin > kToBelieveSleep;
                if (now >= work.deadline || asleep) {
                    finish(work, FaultOutcome::refused, work.last.reason);
                    return true;
                }
                work.next = now + work.pause;
                work.pause = std::min<std::chrono::microseconds>(2 * work.pause, kLongestPause);
                return false;
            }
            case Kind::acted:
                work.acted = true;
                break;
        }
        if (!death) {
            finish(work, FaultOutcome::done, work.last.reason);
            return true;
        }
        if (base::info(work.request.fault).cancels) cancelled_[work.key] = true;
    }
    if (process_.thread_ended(work.key.tid, work.key.start_ticks)) {
        cancelled_.erase(work.key);
        attachment_.forget_dead();
        finish(work, FaultOutcome::ended, Reason::none);
        return true;
    }
    if (Clock::now() >= work.deadline) {
        const Reason reason =
            work.last.reason != Reason::none ? work.last.reason : Reason::still_unwinding;
        finish(work, FaultOutcome::pending, reason);
        return true;
    }
    work.next = Clock::now() + kWatchEvery;
    return false;
}

void Works::finish(const Work& work, FaultOutcome outcome, Reason reason) {
    wire::FaultReply reply;
    reply.header =
        wire::make_header(wire::FaultReply::kType, sizeof reply, work.request.header.request);
    reply.outcome = outcome;
    reply.reason = reason;
    reply.place = work.last.place;
    reply.cancel = work.last.cancel;
    reply.tid = work.request.tid;
    reply.serial = work.request.serial;
    reply.room = work.last.room;
    reply.took_ns = std::chrono::nanoseconds(Clock::now() - work.begin).count();
    reply.attempts = work.attempts;
    reply.frames = static_cast<std::uint32_t>(
        std::min<std::size_t>(work.last.frames.size(), wire::kMaxFrames));
    std::copy_n(work.last.frames.begin(), reply.frames, reply.frame);
    const std::string name = process_.name(work.key.tid).value_or("");
    name.copy(reply.name, sizeof reply.name - 1);
    answer_(work.client, work.request, reply);
}

// Runs for the percentage of each period, and is held for the rest of it; a thread that sleeps is
// left alone, as it does not run anyway.
void Works::run_slowness(const ThreadKey& key, Slowness& slow, Clock::time_point now) {
    const auto run = kSlowPeriod * slow.percent / 100;
    // Frozen meanwhile: it is no longer ours to let go.
    if (slow.holding && attachment_.holds(key) != Fault::slow) slow.holding = false;
    if (slow.holding) {
        if (attachment_.release(key).kind == Kind::again) {
            slow.next = now + 1ms;
            return;
        }
        slow.holding = false;
        slow.next = Clock::now() + run;
        return;
    }
    const auto stat = process_.stat(key.tid);
    const bool runs = stat && stat->state == 'R' && !attachment_.is_held(key);
    slow.holding = runs && attachment_.hold(key, Fault::slow).kind == Kind::acted;
    slow.next = now + (slow.holding ? kSlowPeriod - run : run);
}

Clock::time_point Works::step() {
    std::vector<Work> due;
    const auto now = Clock::now();
    for (auto work = works_.begin(); work != works_.end();) {
        if (work->next > now) {
            ++work;
            continue;
        }
        due.push_back(std::move(*work));
        work = works_.erase(work);
    }
    for (Work& work : due)
        if (!step(work)) works_.push_back(std::move(work));

    for (auto release = releases_.begin(); release != releases_.end();) {
        if (release->second > now) {
            ++release;
        } else if (attachment_.release(release->first).kind == Kind::again) {
            release++->second = now + 1ms;
        } else {
            release = releases_.erase(release);
        }
    }
    for (auto entry = slow_.begin(); entry != slow_.end();) {
        auto& [key, slow] = *entry;
        const bool over = slow.until && now >= *slow.until;
        if (process_.thread_ended(key.tid, key.start_ticks) || (over && !slow.holding)) {
            entry = slow_.erase(entry);
            continue;
        }
        if (over || now >= slow.next) run_slowness(key, slow, now);
        ++entry;
    }
    std::erase_if(demoted_, [&](const auto& entry) {
        const auto& [key, demoted] = entry;
        if (process_.thread_ended(key.tid, key.start_ticks)) return true;
        if (!demoted.until || now < *demoted.until) return false;
        drive::put_back(key.tid, demoted.before);
        return true;
    });
    std::erase_if(cancelled_, [&](const auto& entry) {
        return process_.thread_ended(entry.first.tid, entry.first.start_ticks);
    });

    Clock::time_point next = now + kNever;
    for (const Work& work : works_)
        next = std::min(next, work.next);
    for (const auto& [key, when] : releases_)
        next = std::min(next, when);
    for (const auto& [key, slow] : slow_)
        next = std::min(next, slow.until ? std::min(slow.next, *slow.until) : slow.next);
    for (const auto& [key, demoted] : demoted_)
        if (demoted.until) next = std::min(next, *demoted.until);
    return next;
}

std::uint32_t Works::in_force(const ThreadKey& key) const {
    std::uint32_t bits = 0;
    if (slow_.contains(key)) bits |= wire::kInForceSlow;
    if (demoted_.contains(key)) bits |= wire::kInForceDemote;
    if (cancelled_.contains(key)) bits |= wire::kInForceCancel;
    switch (attachment_.holds(key).value_or(Fault::look)) {
        case Fault::freeze:
            return bits | wire::kInForceFreeze;
        case Fault::delay:
            return bits | wire::kInForceDelay;
        case Fault::spin:
            return bits | wire::kInForceSpin;
        default:
            return bits;
    }
}

void Works::tell_in_force(const ThreadKey& key, wire::ThreadRecord* record) const {
    record->faults = in_force(key);
    const auto left = [now = Clock::now()](Clock::time_point until) {
        const std::chrono::nanoseconds remains = until - now;
        return std::max<std::int64_t>(remains.count(), 1);
    };
    const auto release = releases_.find(key);
    const bool held = (record->faults & (wire::kInForceFreeze | wire::kInForceDelay)) != 0;
    if (held && release != releases_.end()) record->hold_left_ns = left(release->second);
    const auto slow = slow_.find(key);
    if (slow == slow_.end()) return;
    record->slow_percent = slow->second.percent;
    if (slow->second.until) record->slow_left_ns = left(*slow->second.until);
}

bool Works::idle() const {
    return works_.empty() && slow_.empty() && demoted_.empty() && attachment_.held().empty();
}

void Works::end_all() {
    for (const Work& work : works_)
        finish(work, work.acted ? FaultOutcome::pending : FaultOutcome::refused, work.last.reason);
    works_.clear();
    slow_.clear();
    releases_.clear();
    for (const auto& [key, demoted] : demoted_)
        drive::put_back(key.tid, demoted.before);
    demoted_.clear();
}

}  // namespace threadfault::attach
