// The client's end of the wire: what an agent may answer. The first byte chooses the request; then
// come packets, each with its length, whose headers fit the request if a bit says so.
#include "client/connection.hpp"
#include "fuzz.hpp"
#include "threadfault/error.hpp"
#include "unit/client/fake_agent.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>

using namespace threadfault;
using namespace std::chrono_literals;
using client::Clock;
using client::Connection;

namespace {

void ask(Connection& agent, unsigned what) {
    switch (what % 8) {
        case 0:
            agent.hello();
            return;
        case 1:
            agent.list();
            return;
        case 2:
            agent.specs();
            return;
        case 3:
            agent.arm("read:error=EIO");
            return;
        case 4:
            agent.disarm();
            return;
        case 5:
            agent.dead(1);
            return;
        case 6: {
            agent.send({});
            agent.receive_fault(Clock::now() + 50ms);
            return;
        }
        default: {
            const wire::CaptureTarget target;
            agent.send_captures({&target, 1}, 1ms);
            agent.receive_captures(Clock::now() + 50ms);
            return;
        }
    }
}

void follow(Connection& agent) {
    agent.follow();
    while (agent.receive_event(Clock::now() + 1ms)) {
    }
}

// All packets for the first request, then a refusal: at an agent's mere silence or end the client
// looks after the process for a while.
void answer(int fd, const std::vector<unsigned char>& request, fuzz::Bytes input) {
    while (input.size() > 0) {
        const auto shape = input.take<std::uint16_t>();
        const fuzz::Bytes bytes = input.take_bytes(shape & 0x7fff);
        std::vector<unsigned char> packet(bytes.data(), bytes.data() + bytes.size());
        if (packet.empty()) continue;  // it would be the end
        if ((shape & 0x8000) != 0 && packet.size() >= sizeof(wire::Header)) {
            wire::Header header = test::as<wire::Header>(packet);
            header = wire::make_header(header.type, packet.size(),
                                       test::as<wire::Header>(request).request);
            std::memcpy(packet.data(), &header, sizeof header);
        }
        // The client may have had enough.
        if (::send(fd, packet.data(), packet.size(), MSG_NOSIGNAL) < 0) break;
    }
    wire::ErrorReply refusal;
    refusal.header = wire::make_header(wire::Type::error, sizeof refusal, 0);
    refusal.code = wire::ErrorCode::not_permitted;
    ::send(fd, &refusal, sizeof refusal, MSG_NOSIGNAL);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Bytes input(data, size);
    const auto what = input.take<std::uint8_t>();
    const test::FakeAgent agent(
        [input](int fd, const std::vector<unsigned char>& request) { answer(fd, request, input); });
    try {
        const observe::Process self(::getpid());
        Connection connection(self);
        if (what % 9 == 8) {
            follow(connection);
        } else {
            ask(connection, what % 9);
        }
    } catch (const Error&) {
        // Nearly always: no answer is right.
    }
    return 0;
}
