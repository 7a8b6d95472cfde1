#include "sweep/deeds.hpp"

#include "base/duration.hpp"
#include "base/glob.hpp"
#include "base/suggest.hpp"
#include "format/format.hpp"
#include "inject/spec.hpp"
#include "threadfault/error.hpp"

#include <errno.h>
#include <threads.h>

#include <algorithm>

namespace threadfault::sweep {
namespace {

using inject::CallInfo;
using inject::Convention;

// Of what the specifications allow, what happens: short of memory, descriptors or threads, a peer
// that is gone, a disk that fails. What only a mistake of the program's own can bring is left out.
struct Failures {
    Call call;
    int errors[2];
};
constexpr Failures kFailures[] = {
    {Call::pthread_create, {EAGAIN}},
    {Call::thrd_create, {thrd_nomem}},
    {Call::pthread_key_create, {EAGAIN}},
    {Call::read, {EIO}},
    {Call::readv, {EIO}},
    {Call::pread, {EIO}},
    {Call::write, {ENOSPC}},
    {Call::writev, {ENOSPC}},
    {Call::pwrite, {ENOSPC}},
    {Call::recv, {ECONNRESET}},
    {Call::recvfrom, {ECONNRESET}},
    {Call::recvmsg, {ECONNRESET}},
    {Call::send, {ECONNRESET}},
    {Call::sendto, {ECONNRESET}},
    {Call::sendmsg, {ECONNRESET}},
    {Call::accept, {ECONNABORTED, EMFILE}},
    {Call::accept4, {ECONNABORTED, EMFILE}},
    {Call::connect, {ECONNREFUSED}},
    {Call::open, {EMFILE}},
    {Call::openat, {EMFILE}},
    {Call::creat, {EMFILE}},
    {Call::fsync, {EIO}},
    {Call::fdatasync, {EIO}},
};

Deed killing(wire::Fault death, const char* name) {
    Deed deed;
    deed.name = name;
    deed.action = Action::kill;
    deed.death = death;
    return deed;
}

Deed failing(Call call, int error) {
    Deed deed;
    const CallInfo& info = inject::info(call);
    deed.name = formatted("error={}", inject::error_name(info.convention, error));
    deed.action =
        error == EINTR && info.convention != Convention::c11 ? Action::interrupt : Action::error;
    deed.error = error;
    return deed;
}

Deed freezing(const std::string& word) {
    Deed deed;
    deed.name = word;
    deed.action = Action::freeze;
    if (word != "freeze") {
        deed.duration = base::require_duration("--how freeze=", word.substr(word.find('=') + 1));
    }
    return deed;
}

Deed waking() {
    Deed deed;
    deed.name = "spurious";
    deed.action = Action::spurious;
    return deed;
}

bool is_freeze(std::string_view word) {
    return word == "freeze" || word.starts_with("freeze=");
}

// Waits that end with EINTR whenever a handler has run, SA_RESTART or not (signal(7)): a profiler's
// or a timer's is enough. Of sem_wait the standard says the same.
bool is_never_restarted(Call call) {
    switch (call) {
        case Call::sem_wait:
        case Call::sem_timedwait:
        case Call::sem_clockwait:
        case Call::poll:
        case Call::ppoll:
        case Call::select:
        case Call::pselect:
        case Call::epoll_wait:
        case Call::epoll_pwait:
        case Call::epoll_pwait2:
        case Call::nanosleep:
        case Call::clock_nanosleep:
        case Call::usleep:
        case Call::sleep:
        case Call::sigwaitinfo:
        case Call::sigtimedwait:
            return true;
        default:
            return false;
    }
}

void add_failures(const Point& point, std::vector<Placed>* placed) {
    for (const Failures& failures : kFailures) {
        if (failures.call != point.call) continue;
        for (const int error : failures.errors)
            if (error != 0) placed->push_back({failing(point.call, error), Side::before});
    }
}

}  // namespace

Wanted parse_how(std::string_view text) {
    Wanted wanted;
    if (text.empty()) {
        wanted.cancel = wanted.spurious = wanted.call_errors = wanted.vanish_under_robust = true;
        wanted.freezes.push_back(freezing("freeze=2s"));
        return wanted;
    }
    while (!text.empty()) {
        const std::size_t length = std::min(text.find(','), text.size());
        const std::string word(text.substr(0, length));
        text.remove_prefix(std::min(length + 1, text.size()));
        if (word == "cancel") {
            wanted.cancel = true;
        } else if (word == "exit") {
            wanted.exit = true;
        } else if (word == "vanish") {
            wanted.vanish = true;
        } else if (word == "spurious") {
            wanted.spurious = true;
        } else if (word == "call-errors") {
            wanted.call_errors = true;
        } else if (is_freeze(word)) {
            wanted.freezes.push_back(freezing(word));
        } else {
            constexpr std::string_view kKnown[] = {"cancel",      "exit",     "vanish",
                                                   "call-errors", "spurious", "freeze"};
            const std::string_view near = base::nearest(word, kKnown);
            throw Error(ErrorCode::usage, formatted("invalid --how \"{}\"", word),
                        near.empty()
                            ? "it is a list of cancel, exit, vanish, freeze[=TIME], call-errors, "
                              "spurious"
                            : formatted("did you mean \"{}\"?", near));
        }
    }
    return wanted;
}

Deed parse_deed(const std::string& name, Call call) {
    if (name == "cancel") return killing(wire::Fault::cancel, "cancel");
    if (name == "exit") return killing(wire::Fault::exit, "exit");
    if (name == "vanish") return killing(wire::Fault::vanish, "vanish");
    if (name == "spurious") return waking();
    if (is_freeze(name)) return freezing(name);
    if (name.starts_with("error=")) {
        const std::string error = name.substr(6);
        const int number =
            inject::find_error(inject::info(call).convention, error.data(), error.size());
        if (number != 0) return failing(call, number);
    }
    throw Error(ErrorCode::usage, formatted("\"{}\" is nothing that a sweep does", name));
}

Role role_of(const Point& point, const std::vector<std::string>& threads) {
    if (threads.empty()) return point.is_main ? Role::caller : Role::victim;
    for (const std::string& term : threads) {
        bool matches = false;
        if (term == "main") {
            matches = point.is_main;
        } else if (term == "all") {
            matches = true;
        } else if (term.starts_with("start=")) {
            matches = base::glob_match(term.c_str() + 6, point.start.c_str());
        } else if (term.starts_with("path=")) {
            matches = term.substr(5) == point.thread;
        } else {
            throw Error(ErrorCode::usage, formatted("invalid --threads \"{}\"", term),
                        "it is main, all, start=GLOB or path=main/2");
        }
        if (matches) return Role::victim;
    }
    return Role::spared;
}

std::vector<Placed> deeds_at(const Point& point, const Sample& sample, const Wanted& wanted,
                             Role role) {
    std::vector<Placed> placed;
    if (role == Role::spared) return placed;
    const CallInfo& info = inject::info(point.call);
    const bool start = point.call == Call::thread_start;
    const bool cancels = (info.traits & inject::kCancels) != 0;
    const bool robust = std::any_of(sample.held.begin(), sample.held.end(),
                                    [](const Held& held) { return held.robust; });
    if (role == Role::victim) {
        // Where the program has said that it may not be cancelled, no exit() comes either.
        if (wanted.cancel && cancels && !point.cancel_disabled)
            placed.push_back({killing(wire::Fault::cancel, "cancel"), Side::before});
        if (wanted.exit && (cancels || start) && !point.cancel_disabled)
            placed.push_back({killing(wire::Fault::exit, "exit"), Side::before});
        if (wanted.vanish || (wanted.vanish_under_robust && robust)) {
            placed.push_back({killing(wire::Fault::vanish, "vanish"), Side::before});
            if (!start) placed.push_back({killing(wire::Fault::vanish, "vanish"), Side::after});
        }
    }
    if (wanted.spurious && (info.traits & inject::kSpurious) != 0)
        placed.push_back({waking(), Side::before});
    if (wanted.interrupts && is_never_restarted(point.call))
        placed.push_back({failing(point.call, EINTR), Side::before});
    if (wanted.call_errors) add_failures(point, &placed);
    if (role == Role::victim) {
        for (const Deed& deed : wanted.freezes) {
            placed.push_back({deed, Side::before});
            if (!start) placed.push_back({deed, Side::after});
        }
    }
    return placed;
}

}  // namespace threadfault::sweep
