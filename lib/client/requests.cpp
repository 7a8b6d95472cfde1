// What an agent can be asked, one function a kind of message.
#include "client/connection.hpp"

#include <algorithm>
#include <cstring>
#include <span>

namespace threadfault::client {
namespace {

// Appends the `count` records that a packet brings, or as many as are there; returns those.
template <typename Record>
std::span<Record> append(std::vector<Record>* records, std::size_t count,
                         std::span<const unsigned char> bytes) {
    const std::size_t before = records->size();
    records->resize(before + std::min(count, bytes.size() / sizeof(Record)));
    const std::span<Record> fresh = std::span(*records).subspan(before);
    std::memcpy(fresh.data(), bytes.data(), fresh.size_bytes());
    return fresh;
}

}  // namespace

wire::HelloReply Connection::hello() {
    wire::Hello request;
    request.header = wire::make_header(wire::Type::hello, sizeof request, next_request_++);
    send_message(&request, sizeof request);
    const std::size_t length = expect(wire::Type::hello_reply, request.header.request);
    wire::HelloReply reply;
    if (length < sizeof reply) lost();
    std::memcpy(&reply, buffer_.get(), sizeof reply);
    return reply;
}

std::vector<wire::ThreadRecord> Connection::list(std::string_view name_glob, pid_t inner_tid) {
    wire::ListRequest request;
    request.tid = inner_tid;
    if (name_glob.size() < sizeof request.name_glob) {
        name_glob.copy(request.name_glob, name_glob.size());
    }
    std::vector<wire::ThreadRecord> records;
    do {
        request.header = wire::make_header(wire::Type::list, sizeof request, next_request_++);
        send_message(&request, sizeof request);
        const std::size_t length = expect(wire::Type::list_reply, request.header.request);
        wire::ListReply reply;
        if (length < sizeof reply) lost();
        std::memcpy(&reply, buffer_.get(), sizeof reply);
        for (wire::ThreadRecord& record :
             append(&records, reply.count, {buffer_.get() + sizeof reply, length - sizeof reply}))
            record.name[wire::kThreadNameSize - 1] = '\0';
        request.cursor = reply.next;
    } while (request.cursor != 0);
    return records;
}

std::uint32_t Connection::send(wire::FaultRequest request) {
    request.header = wire::make_header(wire::Type::fault, sizeof request, next_request_++);
    send_message(&request, sizeof request);
    return request.header.request;
}

std::optional<wire::FaultReply> Connection::receive_fault(Clock::time_point deadline,
                                                          const TakeFrames& take) {
    for (;;) {
        const std::size_t length = receive(deadline);
        if (length == 0) return std::nullopt;
        wire::Header header;
        std::memcpy(&header, buffer_.get(), sizeof header);
        if (header.type == wire::Type::frames && take) {
            take(header.request, told_frames(length));
            continue;
        }
        wire::FaultReply reply;
        if (header.type != wire::Type::fault_reply || length < sizeof reply) continue;
        std::memcpy(&reply, buffer_.get(), sizeof reply);
        reply.frames = std::min<std::uint32_t>(reply.frames, wire::kMaxFrames);
        reply.name[wire::kThreadNameSize - 1] = '\0';
        return reply;
    }
}

std::vector<std::uint64_t> Connection::told_frames(std::size_t length) const {
    wire::FramesReply reply;
    if (length < sizeof reply) return {};
    std::memcpy(&reply, buffer_.get(), sizeof reply);
    std::vector<std::uint64_t> frames(
        std::min<std::size_t>(reply.count, (length - sizeof reply) / sizeof(std::uint64_t)));
    std::memcpy(frames.data(), buffer_.get() + sizeof reply, frames.size() * sizeof frames[0]);
    return frames;
}

std::uint32_t Connection::send_captures(std::span<const wire::CaptureTarget> targets,
                                        std::chrono::nanoseconds wait) {
    wire::CaptureRequest request;
    request.header = wire::make_header(wire::Type::capture, sizeof request, next_request_++);
    request.wait_ns = wait.count();
    request.count = static_cast<std::uint32_t>(std::min(targets.size(), wire::kMostCaptures));
    std::copy_n(targets.begin(), request.count, request.targets);
    const std::uint32_t first = next_capture_;
    for (std::uint32_t i = 0; i < request.count; ++i)
        request.targets[i].number = next_capture_++;
    send_message(&request, sizeof request);
    return first;
}

std::vector<Connection::Captured> Connection::receive_captures(Clock::time_point deadline) {
    std::vector<Captured> all;
    while (all.empty()) {
        const std::size_t length = receive(deadline);
        if (length == 0) break;
        wire::Header header;
        std::memcpy(&header, buffer_.get(), sizeof header);
        if (header.type != wire::Type::capture_reply) continue;
        std::span<const unsigned char> rest(buffer_.get(), length);
        rest = rest.subspan(sizeof(wire::CaptureReply));
        while (rest.size() >= sizeof(wire::CaptureRecord)) {
            Captured& one = all.emplace_back();
            std::memcpy(&one.record, rest.data(), sizeof one.record);
            rest = rest.subspan(sizeof one.record);
            one.stack = rest.first(std::min<std::size_t>(one.record.stack_size, rest.size()));
            rest = rest.subspan(one.stack.size());
        }
    }
    return all;
}

std::optional<wire::DeadReply> Connection::dead(pid_t inner_tid) {
    wire::DeadRequest request;
    request.header = wire::make_header(wire::Type::dead, sizeof request, next_request_++);
    request.tid = inner_tid;
    send_message(&request, sizeof request);
    const std::size_t length = expect(wire::Type::dead_reply, request.header.request);
    wire::DeadReply reply;
    if (length < sizeof reply) lost();
    std::memcpy(&reply, buffer_.get(), sizeof reply);
    if (reply.known == 0) return std::nullopt;
    reply.record.name[wire::kThreadNameSize - 1] = '\0';
    return reply;
}

void Connection::follow() {
    wire::FollowRequest request;
    request.header = wire::make_header(wire::Type::follow, sizeof request, next_request_++);
    send_message(&request, sizeof request);
    expect(wire::Type::event, request.header.request);
}

std::optional<wire::EventReply> Connection::receive_event(Clock::time_point deadline) {
    for (;;) {
        const std::size_t length = receive(deadline);
        if (length == 0) return std::nullopt;
        wire::EventReply event;
        wire::Header header;
        std::memcpy(&header, buffer_.get(), sizeof header);
        if (header.type != wire::Type::event || length < sizeof event) continue;
        std::memcpy(&event, buffer_.get(), sizeof event);
        event.name[wire::kThreadNameSize - 1] = '\0';
        return event;
    }
}

wire::ArmReply Connection::arm(std::string_view text) {
    wire::ArmRequest request;
    request.header = wire::make_header(wire::Type::arm, sizeof request, next_request_++);
    if (text.size() >= sizeof request.text) {
        throw Error(
            ExitCode::usage, "bad_spec",
            "a call fault is at most " + std::to_string(sizeof request.text - 1) + " bytes long");
    }
    std::memcpy(request.text, text.data(), text.size());
    send_message(&request, sizeof request);
    const std::size_t length = expect(wire::Type::arm_reply, request.header.request);
    wire::ArmReply reply;
    if (length < sizeof reply) lost();
    std::memcpy(&reply, buffer_.get(), sizeof reply);
    return reply;
}

std::vector<wire::SpecRecord> Connection::specs() {
    wire::SpecsRequest request;
    std::vector<wire::SpecRecord> records;
    do {
        request.header = wire::make_header(wire::Type::specs, sizeof request, next_request_++);
        send_message(&request, sizeof request);
        const std::size_t length = expect(wire::Type::specs_reply, request.header.request);
        wire::SpecsReply reply;
        if (length < sizeof reply) lost();
        std::memcpy(&reply, buffer_.get(), sizeof reply);
        for (wire::SpecRecord& record :
             append(&records, reply.count, {buffer_.get() + sizeof reply, length - sizeof reply}))
            record.text[wire::kSpecSize - 1] = '\0';
        request.cursor = reply.next;
    } while (request.cursor != 0);
    return records;
}

std::uint32_t Connection::disarm() {
    wire::DisarmRequest request;
    request.header = wire::make_header(wire::Type::disarm, sizeof request, next_request_++);
    send_message(&request, sizeof request);
    const std::size_t length = expect(wire::Type::disarm_reply, request.header.request);
    wire::DisarmReply reply;
    if (length < sizeof reply) lost();
    std::memcpy(&reply, buffer_.get(), sizeof reply);
    return reply.count;
}

}  // namespace threadfault::client
