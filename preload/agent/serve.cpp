// The helper's loop: one ppoll over the listener and the clients; no request waits for another's.
#include "execute/core.hpp"
#include "execute/syscalls.hpp"
#include "preload/agent/agent.hpp"
#include "preload/agent/control_socket.hpp"
#include "preload/agent/events.hpp"
#include "preload/agent/graveyard.hpp"
#include "preload/agent/keeper.hpp"
#include "preload/agent/lifecycle.hpp"
#include "preload/agent/list.hpp"
#include "preload/agent/specs.hpp"
#include "preload/agent/works.hpp"
#include "preload/base/log.hpp"
#include "preload/base/signals.hpp"
#include "preload/base/start.hpp"
#include "preload/faults/code_ranges.hpp"
#include "preload/points/rules.hpp"
#include "preload/registry/dead.hpp"
#include "wire/wire.hpp"

#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cstring>

namespace threadfault::shim {

namespace {

using execute::sys_call;

constexpr unsigned kMaxClients = 32;
constinit Client clients[kMaxClients]{};

alignas(wire::Header) constinit char packet[wire::kMaxMessage]{};

// Nobody who does not read may hold us up: a full socket counts as gone.
bool send(const Client& client, const void* data, std::size_t size) noexcept {
    return sys_call(SYS_sendto, client.socket, data, size, MSG_NOSIGNAL | MSG_DONTWAIT, nullptr,
                    0) == static_cast<long>(size);
}

void close_client(Client& client) noexcept {
    if (client.socket >= 0) execute::sys_close(client.socket);
    if (client.follows) remove_follower();
    client = Client{};
    for (Work& work : works) {
        if (work.client != &client || !work.attempt.active()) continue;
        work.client = nullptr;
        if (!work.attempt.finished()) work.attempt.give_up(execute::monotonic_ns());
        if (work.attempt.finished()) work.attempt.clear();
    }
}

void refuse(Client& client, wire::ErrorCode code, const char* text) noexcept {
    wire::ErrorReply reply;
    reply.header = wire::make_header(wire::Type::error, sizeof reply, client.request);
    reply.code = code;
    std::strncpy(reply.text, text, sizeof reply.text - 1);
    send(client, &reply, sizeof reply);
    close_client(client);
}

void refuse(Client& client, wire::Check check) noexcept {
    switch (check) {
        case wire::Check::bad_magic:
            return refuse(client, wire::ErrorCode::bad_magic, "not a threadfault message");
        case wire::Check::bad_version:
            return refuse(client, wire::ErrorCode::bad_version,
                          "the agent speaks another version of the protocol: use the threadfault "
                          "command that came with the shim");
        case wire::Check::bad_type:
            return refuse(client, wire::ErrorCode::bad_type, "unknown kind of request");
        default:
            return refuse(client, wire::ErrorCode::malformed, "malformed message");
    }
}

void greet(Client& client) noexcept {
    wire::HelloReply reply;
    reply.header = wire::make_header(wire::Type::hello_reply, sizeof reply, client.request);
    reply.pid = shim_pid();
    reply.agent_tid = agent_tid();
    reply.threads = live_threads();
    reply.signal = execute::signal_in_use();
    reply.capabilities = has_points() ? wire::kCapabilityPoints : 0;
    reply.records = records_in_use();
    reply.serials = serials();
    if (!send(client, &reply, sizeof reply)) close_client(client);
}

void list_threads(Client& client) noexcept {
    wire::ListRequest request;
    std::memcpy(&request, packet, sizeof request);
    request.name_glob[sizeof request.name_glob - 1] = '\0';
    const std::size_t size = fill_list(request, client.request, packet, sizeof packet);
    if (!send(client, packet, size)) close_client(client);
}

void serve_specs(Client& client) noexcept {
    const std::size_t size = answer_about_specs(client.request, packet, sizeof packet);
    if (!send(client, packet, size)) close_client(client);
}

void tell_of_the_dead(Client& client) noexcept {
    wire::DeadRequest request;
    std::memcpy(&request, packet, sizeof request);
    wire::DeadReply reply;
    recall_dead(request.tid, &reply);
    reply.header = wire::make_header(wire::Type::dead_reply, sizeof reply, client.request);
    if (!send(client, &reply, sizeof reply)) close_client(client);
}

void tell_followers(const Work& work) noexcept {
    const wire::FaultReply& reply = work.attempt.reply();
    const wire::Fault fault = work.attempt.fault();
    if (fault == wire::Fault::look || fault == wire::Fault::capture ||
        reply.outcome == wire::Outcome::refused || reply.outcome == wire::Outcome::no_such_thread) {
        return;
    }
    tell(wire::EventKind::fault, work.attempt.victim(),
         static_cast<std::uint32_t>(work.attempt.fault()) |
             static_cast<std::uint32_t>(reply.outcome) << wire::kOutcomeShift);
}

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

// True: it goes on, and was waiting for that.
bool tell_frames(Work& work) noexcept {
    Attempt& attempt = work.attempt;
    if (!attempt.wants_to_tell() || work.client == nullptr) return false;
    wire::FramesReply reply;
    reply.count = attempt.frame_count();
    const std::size_t size = reply.count * sizeof attempt.frames()[0];
    reply.header = wire::make_header(wire::Type::frames, sizeof reply + size, work.request);
    std::memcpy(packet, &reply, sizeof reply);
    std::memcpy(packet + sizeof reply, attempt.frames(), size);
    // A client that has no room for it does without.
    send(*work.client, packet, sizeof reply + size);
    attempt.told(execute::monotonic_ns());
    return true;
}

void inflict(Client& client) noexcept {
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

bool send_event(Client& client, wire::EventReply& reply) noexcept {
    reply.header = wire::make_header(wire::Type::event, sizeof reply, client.follow_request);
    return send(client, &reply, sizeof reply);
}

void follow(Client& client) noexcept {
    if (!client.follows && !add_follower()) {
        return refuse(client, wire::ErrorCode::malformed, "no memory for the events");
    }
    client.follows = true;
    client.follow_request = client.request;
    client.cursor = event_count();
    wire::EventReply reply;
    reply.kind = wire::EventKind::following;
    if (!send_event(client, reply)) close_client(client);
}

// Sends what the follower has not had yet. Returns when to come again; kNever: when there is more.
std::int64_t feed(Client& client, std::int64_t now) noexcept {
    constexpr std::int64_t kSoon = 1'000'000;
    constexpr std::int64_t kNeverComes = 20'000'000;
    while (client.follows && !client.full) {
        const std::uint64_t before = client.cursor;
        wire::EventReply reply;
        reply.lost = client.lost;
        const Reading reading = read_event(&client.cursor, &reply);
        client.lost = reply.lost;
        if (reading == Reading::nothing) break;
        if (reading == Reading::unready) {
            // Its writer may have been ended in the middle of it.
            if (client.unready_since == 0) client.unready_since = now;
            if (now - client.unready_since < kNeverComes) return now + kSoon;
            skip_event(&client.cursor);
            ++client.lost;
            client.unready_since = 0;
            continue;
        }
        client.unready_since = 0;
        if (!send_event(client, reply)) {
            client.cursor = before;
            client.full = true;
            break;
        }
        client.lost = 0;
    }
    return execute::kNever;
}

void receive(Client& client) noexcept {
    if (!works.has_room()) return;  // it stays in the socket until there is room
    const long got = sys_call(SYS_recvfrom, client.socket, packet, sizeof packet,
                              MSG_DONTWAIT | MSG_TRUNC, nullptr, nullptr);
    if (got == -EAGAIN || got == -EINTR) return;
    if (got <= 0) return close_client(client);
    const auto size = static_cast<std::size_t>(got);
    client.request = 0;
    const wire::Check check =
        size > sizeof packet ? wire::Check::malformed : wire::check_request(packet, size);
    if (check != wire::Check::ok) return refuse(client, check);
    wire::Header header;
    std::memcpy(&header, packet, sizeof header);
    client.request = header.request;
    switch (header.type) {
        case wire::Type::hello:
            return greet(client);
        case wire::Type::list:
            return list_threads(client);
        case wire::Type::fault:
            return inflict(client);
        case wire::Type::follow:
            return follow(client);
        case wire::Type::arm:
        case wire::Type::specs:
        case wire::Type::disarm:
            return serve_specs(client);
        case wire::Type::dead:
            return tell_of_the_dead(client);
        case wire::Type::capture:
            return begin_captures(client, packet);
        default:
            return refuse(client, wire::Check::bad_type);
    }
}

void tell_too_many(int socket) noexcept {
    wire::ErrorReply reply;
    reply.header = wire::make_header(wire::Type::error, sizeof reply, 0);
    reply.code = wire::ErrorCode::too_many_clients;
    constexpr char kText[] = "too many clients at once: try again";
    std::memcpy(reply.text, kText, sizeof kText);
    sys_call(SYS_sendto, socket, &reply, sizeof reply, MSG_NOSIGNAL | MSG_DONTWAIT, nullptr, 0);
    execute::sys_close(socket);
}

void accept_all(int listener) noexcept {
    for (;;) {
        const int socket = accept_client(listener);
        if (socket == -EACCES) continue;
        if (socket < 0) return;
        Client* chosen = nullptr;
        for (Client& client : clients) {
            if (client.socket < 0) chosen = &client;
        }
        if (chosen != nullptr) {
            *chosen = Client{};
            chosen->socket = socket;
            continue;
        }
        tell_too_many(socket);
    }
}

std::int64_t next_feed = execute::kNever;

// When the next attempt wants to be looked at; kNever: none is under way.
std::int64_t next_look() noexcept {
    std::int64_t next = keeper.next_look() < next_burial() ? keeper.next_look() : next_burial();
    if (next_feed < next) next = next_feed;
    for (Work& work : works) {
        if (!work.attempt.active() || work.attempt.finished()) continue;
        if (work.attempt.next_look() < next) next = work.attempt.next_look();
    }
    return next;
}

void advance_all() noexcept {
    const std::int64_t now = execute::monotonic_ns();
    keeper.advance(now);
    bury_the_vanished(now);
    for (Work& work : works) {
        if (!work.attempt.active()) continue;
        if (work.attempt.next_look() <= now) work.attempt.advance(now);
        tell_frames(work);
        answer_if_finished(work);
        // Gone with its client.
        if (work.client == nullptr && work.attempt.finished()) work.attempt.clear();
    }
    next_feed = execute::kNever;
    for (Client& client : clients) {
        if (client.socket >= 0 && !client.full && !answer_captures(client)) close_client(client);
        const std::int64_t again = feed(client, now);
        if (again < next_feed) next_feed = again;
    }
}

// Sleeps until something happens. The signal that ends us is let in only here.
long wait_for_events(pollfd* descriptors, unsigned count) noexcept {
    std::int64_t next = next_look();
    if (!ready_to_sleep()) next = 0;
    timespec timeout{};
    if (next != execute::kNever) {
        const std::int64_t left = next - execute::monotonic_ns();
        if (left > 0) {
            timeout.tv_sec = left / execute::kNanosecondsPerSecond;
            timeout.tv_nsec = left % execute::kNanosecondsPerSecond;
        }
    }
    const Mask blocked = ~(bit_of(32) | bit_of(33) | bit_of(reserved_signal(0)));
    return sys_call(SYS_ppoll, descriptors, count, next == execute::kNever ? nullptr : &timeout,
                    &blocked, sizeof blocked);
}

void serve(int listener) noexcept {
    pollfd descriptors[kMaxClients + 1];
    while (!should_stop()) {
        descriptors[0] = {listener, POLLIN, 0};
        // When nothing more can be taken up, clients are only watched for their going.
        const short events = works.has_room() ? POLLIN : 0;
        for (unsigned i = 0; i < kMaxClients; ++i) {
            const short room = clients[i].full ? POLLOUT : 0;
            descriptors[i + 1] = {clients[i].socket, static_cast<short>(events | room), 0};
        }
        const long ready = wait_for_events(descriptors, kMaxClients + 1);
        if (ready > 0) {
            for (unsigned i = 0; i < kMaxClients; ++i) {
                if (clients[i].socket < 0 || descriptors[i + 1].fd < 0) continue;
                const short happened = descriptors[i + 1].revents;
                if ((happened & POLLOUT) != 0) clients[i].full = false;
                if ((happened & POLLIN) != 0) {
                    receive(clients[i]);
                } else if ((happened & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
                    close_client(clients[i]);
                }
            }
            if (descriptors[0].revents != 0) accept_all(listener);
        }
        advance_all();
    }
    keeper.undo_all();
    for (Client& client : clients)
        close_client(client);
}

}  // namespace

bool run_agent() noexcept {
    sys_call(SYS_prctl, PR_SET_NAME, "threadfault", 0, 0, 0);
    // From here on our descriptors are our own: the program does not see them, can't close them,
    // and its children don't inherit them (close_range(2), Linux 5.9).
    const long unshared = sys_call(SYS_close_range, 0, ~0U, CLOSE_RANGE_UNSHARE);
    if (unshared != 0) {
        log_line("no agent: no descriptor table of its own", unshared);
        return false;
    }
    if (!works.prepare()) {
        log_line("no agent: no memory");
        return false;
    }
    learn_code_ranges();
    const int listener = open_socket();
    if (listener < 0) {
        log_line("no agent: no socket", listener);
        return false;
    }
    serve(listener);
    remove_socket();
    execute::sys_close(listener);
    return true;
}

}  // namespace threadfault::shim
