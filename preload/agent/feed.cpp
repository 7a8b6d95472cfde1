#include "execute/syscalls.hpp"
#include "preload/agent/answers.hpp"
#include "preload/registry/events.hpp"

namespace threadfault::shim {

namespace {

bool send_event(Client& client, wire::EventReply& reply) noexcept {
    reply.header = wire::make_header(wire::Type::event, sizeof reply, client.follow_request);
    return send(client, &reply, sizeof reply);
}

}  // namespace

void follow(Client& client) noexcept {
    if (!client.follows && !add_follower()) {
        return refuse(client, wire::ErrorCode::malformed, "out of memory for events");
    }
    client.follows = true;
    client.follow_request = client.request;
    client.cursor = event_count();
    wire::EventReply reply;
    reply.kind = wire::kFollowing;
    if (!send_event(client, reply)) close_client(client);
}

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

}  // namespace threadfault::shim
