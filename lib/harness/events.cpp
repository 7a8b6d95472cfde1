// What happens to a target's threads, as its agent tells it.
#include "base/fault.hpp"
#include "drive/threads/thread_view.hpp"
#include "harness/impl.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace threadfault {
namespace {

const char* end_name(std::uint32_t how) {
    switch (static_cast<wire::EndKind>(how)) {
        case wire::EndKind::returned:
            return "returned";
        case wire::EndKind::exited:
            return "exited";
        case wire::EndKind::cancelled:
            return "cancelled";
        case wire::EndKind::vanished:
            return "vanished";
        default:
            return "unknown";
    }
}

const char* outcome_name(std::uint32_t how) {
    switch (static_cast<wire::Outcome>(how >> wire::kOutcomeShift)) {
        case wire::Outcome::ended:
            return "ended";
        case wire::Outcome::pending:
            return "pending";
        default:
            return "done";
    }
}

Event event_of(const wire::EventReply& reply, pid_t tid) {
    Event event;
    event.time = static_cast<double>(reply.time_ns) * 1e-9;
    event.tid = tid;
    event.name.assign(reply.name, strnlen(reply.name, sizeof reply.name));
    wire::ThreadRecord record;
    record.depth = reply.depth;
    std::copy(std::begin(reply.path), std::end(reply.path), record.path);
    event.path = drive::path_text(record);
    event.lost = reply.lost;
    switch (reply.kind) {
        case wire::EventKind::named:
            event.kind = Event::Kind::named;
            break;
        case wire::EventKind::ended:
            event.kind = Event::Kind::ended;
            event.how = end_name(reply.how);
            break;
        case wire::EventKind::fault:
            event.kind = Event::Kind::fault;
            event.how =
                base::info(static_cast<wire::Fault>(reply.how & ((1U << wire::kOutcomeShift) - 1)))
                    .name;
            event.outcome = outcome_name(reply.how);
            break;
        default:
            event.kind = Event::Kind::created;
            break;
    }
    return event;
}

}  // namespace

struct [[gnu::visibility("hidden")]] EventStream::Impl {
    explicit Impl(observe::Process opened) : process(std::move(opened)) {}
    observe::Process process;
    std::unique_ptr<client::Connection> connection;
};

EventStream::EventStream(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
EventStream::~EventStream() = default;
EventStream::EventStream(EventStream&& other) noexcept = default;
EventStream& EventStream::operator=(EventStream&& other) noexcept = default;

std::optional<Event> EventStream::next(std::chrono::nanoseconds within) {
    const target::Clock::time_point deadline = target::deadline_after(within);
    while (true) {
        const auto reply = impl_->connection->receive_event(deadline);
        if (!reply) return std::nullopt;
        if (reply->kind == wire::EventKind::following) continue;
        const pid_t tid = impl_->connection->outer_tid(reply->tid);
        return event_of(*reply, tid != 0 ? tid : reply->tid);
    }
}

EventStream Target::events() const {
    auto stream = std::make_unique<EventStream::Impl>(impl_->open());
    stream->connection = impl_->connect(stream->process, std::chrono::seconds(1));
    stream->connection->follow();
    return EventStream(std::move(stream));
}

}  // namespace threadfault
