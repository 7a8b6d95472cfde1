// What an agent can be asked, one function a kind of message.
#include "client/connection.hpp"

#include <poll.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace threadfault::client {
namespace {

using namespace std::chrono_literals;

// All pages of a list: the largest that was seen, 100,000 threads, takes well below a second.
constexpr auto kListWithin = 30s;

// Threads that are created while the list is made, or that have ended and are still remembered.
constexpr std::size_t kThreadsMeanwhile = 4096;

bool is_signal_or_none(std::int32_t number) {
    return number >= 0 && number <= 64;
}

void end_texts(wire::ThreadRecord* record) {
    record->name[sizeof record->name - 1] = '\0';
}
void end_texts(wire::SpecRecord* record) {
    record->text[sizeof record->text - 1] = '\0';
}

}  // namespace

template <typename Message>
Message Connection::whole(std::size_t length) const {
    Message message;
    if (length != sizeof message) odd();
    std::memcpy(&message, buffer_.get(), sizeof message);
    return message;
}

template <typename Reply, typename Request>
Reply Connection::ask(Request request, std::span<const unsigned char>* rest) {
    request.header = wire::make_header(Request::kType, sizeof request, next_request_++);
    send_message(&request, sizeof request);
    if (meanwhile_) std::exchange(meanwhile_, nullptr)();
    const std::size_t length = expect(Reply::kType, request.header.request);
    if (length < sizeof(Reply)) odd();
    if (rest == nullptr) return whole<Reply>(length);
    *rest = {buffer_.get() + sizeof(Reply), length - sizeof(Reply)};
    return whole<Reply>(sizeof(Reply));
}

template <typename Reply, typename Record, typename Request>
std::vector<Record> Connection::ask_for_pages(Request request,
                                              const std::function<std::size_t()>& limit) {
    const Clock::time_point deadline = Clock::now() + kListWithin;
    std::vector<Record> records;
    for (;;) {
        std::span<const unsigned char> bytes;
        const auto reply = ask<Reply>(request, &bytes);
        if (bytes.size() % sizeof(Record) != 0) odd();
        // Bounded by the records received: the count comes from the agent and is not trusted.
        const std::size_t fresh = std::min<std::size_t>(reply.count, bytes.size() / sizeof(Record));
        const std::size_t before = records.size();
        records.resize(before + fresh);
        if (fresh != 0) std::memcpy(&records[before], bytes.data(), fresh * sizeof(Record));
        for (Record& record : std::span(records).subspan(before))
            end_texts(&record);
        if (reply.next == 0) return records;
        // A full page is followed by another one.
        if (fresh == 0 || reply.next <= request.cursor) odd();
        if (records.size() > limit() || Clock::now() >= deadline) odd();
        request.cursor = reply.next;
    }
}

wire::HelloReply Connection::hello() {
    const auto reply = ask<wire::HelloReply>(wire::Hello{});
    if (!is_signal_or_none(reply.signal) || !is_signal_or_none(reply.interrupt_signal)) odd();
    return reply;
}

std::vector<wire::ThreadRecord> Connection::list(std::string_view name_glob, pid_t inner_tid) {
    wire::ListRequest request;
    request.tid = inner_tid;
    if (name_glob.size() < sizeof request.name_glob) {
        name_glob.copy(request.name_glob, name_glob.size());
    }
    // The kernel counts the threads as well: an honest agent can't name many more.
    std::size_t most = 0;
    return ask_for_pages<wire::ListReply, wire::ThreadRecord>(request, [&] {
        if (most == 0) most = 2 * process_.tids().size() + kThreadsMeanwhile;
        return most;
    });
}

std::uint32_t Connection::send(wire::FaultRequest request) {
    request.header = wire::make_header(wire::Type::fault, sizeof request, next_request_++);
    send_message(&request, sizeof request);
    open_faults_.emplace(request.header.request, false);
    return request.header.request;
}

std::optional<wire::FaultReply> Connection::receive_fault(Clock::time_point deadline,
                                                          const TakeFrames& take) {
    do {
        const std::size_t length = receive(deadline);
        if (length == 0) return std::nullopt;
        const auto open = open_faults_.find(header().request);
        if (open == open_faults_.end()) continue;
        if (header().type == wire::FramesReply::kType && !open->second) {
            open->second = true;
            std::vector<std::uint64_t> frames = told_frames(length);
            if (take) take(open->first, std::move(frames));
            continue;
        }
        if (header().type != wire::FaultReply::kType) continue;
        auto reply = whole<wire::FaultReply>(length);
        open_faults_.erase(open);
        reply.frames = std::min<std::uint32_t>(reply.frames, wire::kMaxFrames);
        reply.name[wire::kThreadNameSize - 1] = '\0';
        return reply;
    } while (Clock::now() < deadline);
    return std::nullopt;
}

std::vector<std::uint64_t> Connection::told_frames(std::size_t length) const {
    wire::FramesReply reply;
    if (length < sizeof reply) odd();
    std::memcpy(&reply, buffer_.get(), sizeof reply);
    const std::size_t there = (length - sizeof reply) / sizeof(std::uint64_t);
    std::vector<std::uint64_t> frames(
        std::min({std::size_t{reply.count}, there, wire::kMostToldFrames}));
    const std::size_t size = frames.size() * sizeof frames[0];
    if (size != 0) std::memcpy(frames.data(), buffer_.get() + sizeof reply, size);
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
    for (std::uint32_t i = 0; i < request.count; ++i)
        open_captures_.insert(request.targets[i].number);
    return first;
}

std::vector<Connection::Captured> Connection::receive_captures(Clock::time_point deadline) {
    std::vector<Captured> all;
    do {
        const std::size_t length = receive(deadline);
        if (length == 0) break;
        if (header().type != wire::CaptureReply::kType) continue;
        std::span<const unsigned char> rest(buffer_.get(), length);
        rest = rest.subspan(sizeof(wire::CaptureReply));
        while (!rest.empty()) {
            Captured one;
            if (rest.size() < sizeof one.record) odd();
            std::memcpy(&one.record, rest.data(), sizeof one.record);
            rest = rest.subspan(sizeof one.record);
            if (one.record.stack_size > rest.size()) odd();
            one.stack = rest.first(one.record.stack_size);
            rest = rest.subspan(one.record.stack_size);
            if (open_captures_.erase(one.record.number) != 0) all.push_back(one);
        }
    } while (all.empty() && Clock::now() < deadline);
    return all;
}

std::optional<wire::DeadReply> Connection::dead_sleeper(std::uint64_t begin, std::uint64_t end) {
    wire::DeadRequest request;
    request.waited_begin = begin;
    request.waited_end = end;
    auto reply = ask<wire::DeadReply>(request);
    const auto is_there = [&](std::uint64_t address) { return address >= begin && address < end; };
    if (reply.known == 0) return std::nullopt;
    if (!is_there(reply.waited_on) && !is_there(reply.record.pthread)) return std::nullopt;
    end_texts(&reply.record);
    return reply;
}

std::optional<wire::DeadReply> Connection::dead(pid_t inner_tid) {
    wire::DeadRequest request;
    request.tid = inner_tid;
    auto reply = ask<wire::DeadReply>(request);
    if (reply.known == 0) return std::nullopt;
    end_texts(&reply.record);
    return reply;
}

void Connection::follow() {
    ask<wire::EventReply>(wire::FollowRequest{});
    // A guardian looks for itself.
    if (guardian_ == 0) {
        silent_ends_.emplace(process_, [this](pid_t tid) {
            const pid_t inner = inner_tid(tid);
            // For the word of its end, when its numbers can't be asked for any more.
            if (nested_namespace_ && inner != 0) outer_tids_[inner] = tid;
            return inner;
        });
    }
}

// Asked about a thread that has gone, the agent tells everybody of its end.
void Connection::ask_about_silent_ends() {
    if (Clock::now() < silent_ends_->next()) return;
    pollfd waiting{fd_, POLLIN, 0};
    const bool behind = poll(&waiting, 1, 0) > 0;
    for (const pid_t inner : silent_ends_->look(behind)) {
        wire::DeadRequest request;
        request.header =
            wire::make_header(wire::DeadRequest::kType, sizeof request, next_request_++);
        request.tid = inner;
        send_message(&request, sizeof request);
    }
}

void Connection::note(const wire::EventReply& event) {
    if (event.kind == wire::EventKind::created) {
        silent_ends_->has_begun(event.tid, outer_tid(event.tid));
    } else if (event.kind == wire::EventKind::ended) {
        silent_ends_->has_ended(event.tid, outer_tid(event.tid));
    }
}

std::optional<wire::EventReply> Connection::receive_event(Clock::time_point deadline) {
    do {
        if (silent_ends_) ask_about_silent_ends();
        const std::size_t length =
            receive(silent_ends_ ? std::min(deadline, silent_ends_->next()) : deadline);
        if (length == 0 || header().type != wire::EventReply::kType) continue;
        auto event = whole<wire::EventReply>(length);
        event.name[wire::kThreadNameSize - 1] = '\0';
        if (silent_ends_) note(event);
        return event;
    } while (Clock::now() < deadline);
    return std::nullopt;
}

wire::ArmReply Connection::arm(std::string_view text) {
    wire::ArmRequest request;
    if (text.size() >= sizeof request.text) {
        throw Error(
            ErrorCode::bad_spec,
            "a call fault is at most " + std::to_string(sizeof request.text - 1) + " bytes long");
    }
    std::memcpy(request.text, text.data(), text.size());
    return ask<wire::ArmReply>(request);
}

std::vector<wire::SpecRecord> Connection::specs() {
    return ask_for_pages<wire::SpecsReply, wire::SpecRecord>(wire::SpecsRequest{},
                                                             [] { return wire::kMostSpecs; });
}

std::uint32_t Connection::disarm() {
    return ask<wire::DisarmReply>(wire::DisarmRequest{}).count;
}

}  // namespace threadfault::client
