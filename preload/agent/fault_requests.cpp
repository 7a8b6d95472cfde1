#include "base/fault.hpp"
#include "execute/syscalls.hpp"
#include "preload/agent/answers.hpp"
#include "preload/registry/events.hpp"

#include <cstring>

namespace threadfault::shim {

namespace {

void tell_followers(const Work& work) noexcept {
    const wire::FaultReply& reply = work.attempt.reply();
    if (base::info(work.attempt.fault()).verb == base::Verb::none ||
        reply.outcome == wire::FaultOutcome::refused ||
        reply.outcome == wire::FaultOutcome::no_such_thread) {
        return;
    }
    tell(wire::EventKind::fault, work.attempt.victim(),
         static_cast<std::uint32_t>(work.attempt.fault()) |
             static_cast<std::uint32_t>(reply.outcome) << wire::kOutcomeShift);
}

}  // namespace

void answer_if_finished(Work& work) noexcept {
    if (!work.attempt.finished() || work.attempt.fault() == wire::Fault::capture) return;
    wire::FaultReply reply = work.attempt.reply();
    reply.header = wire::make_header(wire::Type::fault_reply, sizeof reply, work.request);
    tell_followers(work);
    work.attempt.clear();
    Client* const client = work.client;
    work.client = nullptr;
    if (client != nullptr && !send(*client, &reply, sizeof reply)) close_client(*client);
}

bool tell_frames(Work& work) noexcept {
    Attempt& attempt = work.attempt;
    if (!attempt.wants_to_tell() || work.client == nullptr) return false;
    wire::FramesReply reply;
    reply.count = attempt.frame_count();
    const std::size_t size = reply.count * sizeof attempt.frames()[0];
    reply.header = wire::make_header(wire::Type::frames, sizeof reply + size, work.request);
    std::memcpy(packet, &reply, sizeof reply);
    std::memcpy(packet + sizeof reply, attempt.frames(), size);
    // It is dropped when the client has no room for it.
    send(*work.client, packet, sizeof reply + size);
    attempt.told(execute::monotonic_ns());
    return true;
}

void take_up_fault(Client& client) noexcept {
    wire::FaultRequest request;
    std::memcpy(&request, packet, sizeof request);
    Work* const work = works.take();
    if (work == nullptr) return;
    work->client = &client;
    work->request = client.request;
    work->attempt.begin(request, works.findings_of(*work), execute::monotonic_ns());
    work->attempt.linger();
    if (tell_frames(*work)) work->attempt.linger();
    answer_if_finished(*work);
}

}  // namespace threadfault::shim
