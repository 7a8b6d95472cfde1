// Captures: asked for and answered many at a time. Of a thousand threads the messages, and the
// waking of the other side for each, would cost more than the captures.
#include "execute/core.hpp"
#include "execute/syscalls.hpp"
#include "preload/agent/works.hpp"
#include "wire/wire.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace threadfault::shim {

namespace {

// As many as fit into a message with their stacks.
constexpr std::size_t kMostInReply = (wire::kMaxMessage - sizeof(wire::CaptureReply)) /
                                     (sizeof(wire::CaptureRecord) + wire::kCaptureStack);

void describe(const Work& work, const Capture* capture, wire::CaptureRecord* out) noexcept {
    const wire::FaultReply& reply = work.attempt.reply();
    *out = {};
    out->number = work.request;
    out->outcome = reply.outcome;
    out->reason = reply.reason;
    if (capture == nullptr) return;
    out->stack_size = capture->stack_size;
    out->held_ns = capture->held_ns;
    std::memcpy(out->registers, capture->registers, sizeof out->registers);
}

}  // namespace

void begin_captures(Client& client, const void* request) noexcept {
    wire::CaptureRequest captures;
    std::memcpy(&captures, request, sizeof captures);
    const std::int64_t now = execute::monotonic_ns();
    for (std::uint32_t i = 0; i < captures.count; ++i) {
        Work* const work = works.take();
        if (work == nullptr) return;  // has_room_for() said otherwise
        work->client = &client;
        work->request = captures.targets[i].number;
        wire::FaultRequest one;
        one.fault = wire::Fault::capture;
        one.tid = captures.targets[i].tid;
        one.serial = captures.targets[i].serial;
        one.wait_ns = captures.wait_ns;
        work->attempt.begin(one, works.findings_of(*work), now);
        // Of several, all are asked before the first is waited for.
        if (captures.count == 1) work->attempt.linger();
    }
}

bool answer_captures(Client& client) noexcept {
    wire::CaptureReply reply;
    wire::CaptureRecord records[kMostInReply];
    iovec parts[1 + 2 * kMostInReply];
    Work* answered[kMostInReply];
    Work* next = works.begin();
    for (;;) {
        std::size_t count = 0;
        std::size_t size = sizeof reply;
        std::size_t used = 0;
        parts[used++] = {&reply, sizeof reply};
        for (; next != works.end() && count < kMostInReply; ++next) {
            if (next->client != &client || !next->attempt.finished() ||
                next->attempt.fault() != wire::Fault::capture) {
                continue;
            }
            const bool done = next->attempt.reply().outcome == wire::FaultOutcome::done;
            Capture* const capture = done ? &works.findings_of(*next)->capture : nullptr;
            wire::CaptureRecord& record = records[count];
            describe(*next, capture, &record);
            parts[used++] = {&record, sizeof record};
            size += sizeof record + record.stack_size;
            if (record.stack_size > 0) parts[used++] = {capture->stack, record.stack_size};
            answered[count++] = next;
        }
        if (count == 0) return true;
        reply.header = wire::make_header(wire::Type::capture_reply, size, 0);
        msghdr message{};
        message.msg_iov = parts;
        message.msg_iovlen = used;
        const long sent =
            execute::sys_call(SYS_sendmsg, client.socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent == -EAGAIN) {
            // Captures are large, and many are asked for at once: they wait until there is room.
            client.full = true;
            return true;
        }
        if (sent < 0) return false;
        for (std::size_t i = 0; i < count; ++i) {
            answered[i]->client = nullptr;
            answered[i]->attempt.clear();
        }
    }
}

}  // namespace threadfault::shim
