// What happens to a target's threads, as its agent tells it.
#include "base/fault.hpp"
#include "drive/faults/event_fault.hpp"
#include "drive/threads/thread_view.hpp"
#include "harness/impl.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace threadfault {
namespace {

Event event_of(const wire::EventReply& reply, pid_t tid) {
    Event event;
    event.time = std::chrono::system_clock::time_point(std::chrono::nanoseconds(reply.time_ns));
    event.tid = tid;
    event.name.assign(reply.name, strnlen(reply.name, sizeof reply.name));
    wire::ThreadRecord record;
    record.depth = reply.depth;
    std::copy(std::begin(reply.path), std::end(reply.path), record.path);
    event.path = drive::path_text(record);
    event.lost = reply.lost;
    event.kind = reply.kind;
    if (event.kind == EventKind::ended) event.end = static_cast<EndKind>(reply.how);
    if (event.kind == EventKind::fault) {
        const drive::EventFault told = drive::event_fault(reply);
        event.fault = base::info(told.fault).name;
        event.outcome = told.outcome;
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
        if (reply->kind == wire::kFollowing) continue;
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
