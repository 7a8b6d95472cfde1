#include "preload/agent/answers.hpp"

#include "execute/core.hpp"
#include "preload/agent/list.hpp"
#include "preload/agent/specs.hpp"
#include "preload/base/agent_thread.hpp"
#include "preload/base/signals.hpp"
#include "preload/base/start.hpp"
#include "preload/points/rules.hpp"
#include "preload/registry/dead.hpp"
#include "preload/registry/graveyard.hpp"

#include <cstring>

namespace threadfault::shim {

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
    reply.interrupt_signal = reserved_signal(1);
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
    if (request.tid != 0) bury_if_gone(request.tid);
    recall_dead(request, &reply);
    reply.header = wire::make_header(wire::Type::dead_reply, sizeof reply, client.request);
    if (!send(client, &reply, sizeof reply)) close_client(client);
}

}  // namespace threadfault::shim
