// The client believes nothing that it has not checked: who listens, and what he says.
#include "client/connection.hpp"

#include "fake_agent.hpp"
#include "support/eventually.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>

namespace {

using namespace std::chrono_literals;
using namespace threadfault;
using namespace threadfault::test;
using client::Connection;
using observe::Process;
using Packet = std::vector<unsigned char>;

template <typename Action>
Error error_of(Action action) {
    try {
        action();
    } catch (const Error& error) {
        return error;
    }
    return Error(ErrorCode::internal);
}

void send_error(int fd, const Packet& request, wire::ErrorCode code, const char* text = "") {
    auto reply = reply_to<wire::ErrorReply>(request, wire::Type::error);
    reply.code = code;
    reply.agent_version = 9;
    std::strncpy(reply.text, text, sizeof reply.text - 1);
    send_packet(fd, &reply, sizeof reply);
}

// What hello() ends with when the agent answers by `answer`.
Error hello_error(FakeAgent::Answer answer) {
    const FakeAgent agent(std::move(answer));
    const Process self(getpid());
    Connection connection(self);
    return error_of([&] { connection.hello(); });
}

bool can_connect(const std::string& path) {
    const int fd = connect_at(path);
    close(fd);
    return fd >= 0;
}

void send_hello(int fd, const Packet& request) {
    auto reply = reply_to<wire::HelloReply>(request, wire::Type::hello_reply);
    reply.pid = getpid();
    reply.agent_tid = 77;
    reply.threads = 3;
    send_packet(fd, &reply, sizeof reply);
}

TEST(Connection, Greets) {
    const FakeAgent agent(send_hello);
    const Process self(getpid());
    Connection connection(self);
    const wire::HelloReply reply = connection.hello();
    EXPECT_EQ(reply.agent_tid, 77);
    EXPECT_EQ(reply.threads, 3U);
}

// The agent answers only when the work is done: which is between the request and the answer.
TEST(Connection, WorksOnceWhileItWaits) {
    std::promise<void> asked;
    std::promise<void> worked;
    std::shared_future<void> done = worked.get_future().share();
    std::atomic<int> requests = 0;
    const FakeAgent agent([&](int fd, const Packet& request) {
        if (++requests == 1) asked.set_value();
        if (done.wait_for(10s) == std::future_status::ready) send_hello(fd, request);
    });
    const Process self(getpid());
    Connection connection(self);
    int times = 0;
    connection.meanwhile([&] {
        ++times;
        EXPECT_EQ(asked.get_future().wait_for(10s), std::future_status::ready);
        worked.set_value();
    });
    EXPECT_EQ(connection.hello().agent_tid, 77);
    EXPECT_EQ(connection.hello().agent_tid, 77);
    EXPECT_EQ(times, 1);
}

TEST(Connection, WithoutAnAgentSaysWhy) {
    const Process self(getpid());
    const Error error = error_of([&] { Connection connection(self); });
    EXPECT_EQ(error.code(), ErrorCode::no_agent);
    EXPECT_NE(std::string(error.what()).find("was not started under threadfault"),
              std::string::npos)
        << error.what();
    EXPECT_EQ(error.facts().pid, getpid()) << "what the hint is made of";
    EXPECT_FALSE(error.facts().shim_loaded);
}

// A socket of the right name, with a stranger behind it.
TEST(Connection, RefusesAListenerThatIsNotTheProcess) {
    const SocketDirectory directory;
    const std::string path = directory.socket_of(getpid());
    const Child impostor([&] {
        listen_at(path);
        for (;;)
            pause();
    });
    // Otherwise it is refused because nobody listens yet.
    ASSERT_TRUE(eventually([&] { return can_connect(path); }));
    const Process self(getpid());
    EXPECT_EQ(error_of([&] { Connection connection(self); }).code(), ErrorCode::no_agent);
}

TEST(Connection, StaleSocketIsNoAgent) {
    const SocketDirectory directory;
    close(listen_at(directory.socket_of(getpid())));
    const Process self(getpid());
    EXPECT_EQ(error_of([&] { Connection connection(self); }).code(), ErrorCode::no_agent);
}

TEST(Connection, TellsErrorsOfTheAgentApart) {
    const auto answer = [](wire::ErrorCode code) {
        return [code](int fd, const Packet& request) { send_error(fd, request, code, "why"); };
    };
    Error error = hello_error(answer(wire::ErrorCode::bad_version));
    EXPECT_EQ(error.code(), ErrorCode::version_mismatch);
    EXPECT_NE(std::string(error.what()).find("version 9"), std::string::npos) << error.what();
    error = hello_error(answer(wire::ErrorCode::not_permitted));
    EXPECT_EQ(error.code(), ErrorCode::not_permitted);
    error = hello_error(answer(wire::ErrorCode::too_many_clients));
    EXPECT_EQ(error.code(), ErrorCode::too_many_clients);
    error = hello_error(answer(wire::ErrorCode::malformed));
    EXPECT_EQ(error.code(), ErrorCode::protocol_error);
    EXPECT_NE(std::string(error.what()).find("why"), std::string::npos) << error.what();
}

// An agent that turns its client away: before it was sent anything, or without reading what was.
Error turned_away(bool after_the_request) {
    const SocketDirectory directory;
    const int listener = listen_at(directory.socket_of(getpid()));
    const Process self(getpid());
    Connection connection(self);
    std::thread agent([&] {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        pollfd request{fd, POLLIN, 0};
        if (after_the_request) poll(&request, 1, -1);
        send_error(fd, {}, wire::ErrorCode::not_permitted);
        close(fd);
    });
    if (!after_the_request) agent.join();
    const Error error = error_of([&] { connection.hello(); });
    if (agent.joinable()) agent.join();
    close(listener);
    return error;
}

TEST(Connection, HearsWhyItIsTurnedAway) {
    for (const bool after_the_request : {false, true}) {
        SCOPED_TRACE(after_the_request);
        const Error error = turned_away(after_the_request);
        EXPECT_EQ(error.code(), ErrorCode::not_permitted) << error.what();
        EXPECT_NE(std::string(error.what()).find("accepts only root and the user that it runs as"),
                  std::string::npos);
    }
}

TEST(Connection, RefusesMalformedReplies) {
    const auto code_of = [](auto spoil) {
        return hello_error([spoil](int fd, const Packet& request) {
                   auto reply = reply_to<wire::HelloReply>(request, wire::Type::hello_reply);
                   spoil(&reply.header);
                   send_packet(fd, &reply, sizeof reply);
               })
            .code();
    };
    EXPECT_EQ(code_of([](wire::Header* header) { header->magic++; }), ErrorCode::version_mismatch);
    EXPECT_EQ(code_of([](wire::Header* header) { header->version++; }),
              ErrorCode::version_mismatch);
    EXPECT_EQ(code_of([](wire::Header* header) { header->length--; }), ErrorCode::version_mismatch);
    EXPECT_EQ(code_of([](wire::Header* header) { header->length = 0xffffffffU; }),
              ErrorCode::version_mismatch);
}

TEST(Connection, RefusesRepliesOfAWrongSize) {
    const auto code_of = [](std::size_t length) {
        return hello_error([length](int fd, const Packet& request) {
                   Packet packet(length, 0);
                   wire::Header header = wire::make_header(wire::Type::hello_reply, length,
                                                           as<wire::Header>(request).request);
                   std::memcpy(packet.data(), &header, std::min(length, sizeof header));
                   send_packet(fd, packet.data(), packet.size());
               })
            .code();
    };
    EXPECT_EQ(code_of(1), ErrorCode::version_mismatch);
    EXPECT_EQ(code_of(sizeof(wire::Header) - 1), ErrorCode::version_mismatch);
    EXPECT_EQ(code_of(wire::kMaxMessage + 1), ErrorCode::version_mismatch);
}

TEST(Connection, SkipsAnswersToOtherRequests) {
    const FakeAgent agent([](int fd, const Packet& request) {
        auto late = reply_to<wire::HelloReply>(request, wire::Type::hello_reply);
        late.header.request += 1000;
        late.agent_tid = 1;
        send_packet(fd, &late, sizeof late);
        send_hello(fd, request);
    });
    const Process self(getpid());
    Connection connection(self);
    EXPECT_EQ(connection.hello().agent_tid, 77);
}

TEST(Connection, AsksForAllPacketsOfAList) {
    const FakeAgent agent([](int fd, const Packet& request) {
        const auto list = as<wire::ListRequest>(request);
        std::vector<wire::ThreadRecord> records(2);
        records[0].tid = static_cast<std::int32_t>(list.cursor * 10 + 1);
        records[1].tid = static_cast<std::int32_t>(list.cursor * 10 + 2);
        const Packet reply = list_reply(request, records, list.cursor < 2 ? list.cursor + 1 : 0);
        send_packet(fd, reply.data(), reply.size());
    });
    const Process self(getpid());
    Connection connection(self);
    std::vector<pid_t> tids;
    for (const wire::ThreadRecord& record : connection.list())
        tids.push_back(record.tid);
    EXPECT_EQ(tids, (std::vector<pid_t>{1, 2, 11, 12, 21, 22}));
}

TEST(Connection, SendsTheGlob) {
    std::string asked;
    const FakeAgent agent([&](int fd, const Packet& request) {
        asked = as<wire::ListRequest>(request).name_glob;
        const Packet reply = list_reply(request, {});
        send_packet(fd, reply.data(), reply.size());
    });
    const Process self(getpid());
    Connection connection(self);
    EXPECT_TRUE(connection.list("worker*").empty());
    EXPECT_EQ(asked, "worker*");
    // One that doesn't fit is not cut, which would change its meaning: all are asked for.
    connection.list(std::string(wire::kTextSize, 'x'));
    EXPECT_EQ(asked, "");
}

TEST(Connection, BelievesNoCountBeyondThePacket) {
    const FakeAgent agent([](int fd, const Packet& request) {
        std::vector<wire::ThreadRecord> records(1);
        records[0].tid = 5;
        std::memset(records[0].name, 'n', sizeof records[0].name);  // no final NUL
        Packet packet = list_reply(request, records);
        auto reply = as<wire::ListReply>(packet);
        reply.count = 0x7fffffff;
        std::memcpy(packet.data(), &reply, sizeof reply);
        send_packet(fd, packet.data(), packet.size());
    });
    const Process self(getpid());
    Connection connection(self);
    const std::vector<wire::ThreadRecord> records = connection.list();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(std::string(records[0].name), std::string(wire::kThreadNameSize - 1, 'n'));
}

TEST(Connection, ReceivesFaultsInAnyOrder) {
    std::vector<Packet> requests;
    const FakeAgent agent([&](int fd, const Packet& request) {
        requests.push_back(request);
        if (requests.size() < 2) return;
        for (auto packet = requests.rbegin(); packet != requests.rend(); ++packet) {
            auto reply = reply_to<wire::FaultReply>(*packet, wire::Type::fault_reply);
            reply.outcome = wire::FaultOutcome::done;
            reply.tid = as<wire::FaultRequest>(*packet).tid;
            reply.frames = 1000;
            send_packet(fd, &reply, sizeof reply);
        }
    });
    const Process self(getpid());
    Connection connection(self);
    wire::FaultRequest request;
    request.tid = 1;
    const std::uint32_t first = connection.send(request);
    request.tid = 2;
    const std::uint32_t second = connection.send(request);
    const auto deadline = client::Clock::now() + kPatience;
    auto reply = connection.receive_fault(deadline);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->header.request, second);
    EXPECT_EQ(reply->tid, 2);
    EXPECT_EQ(reply->frames, wire::kMaxFrames);  // no more than the array holds
    reply = connection.receive_fault(deadline);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->header.request, first);
    EXPECT_FALSE(connection.receive_fault(client::Clock::now()));
}

// ---- targets that end, or can't answer

TEST(Connection, TellsThatTheTargetDied) {
    const SocketDirectory directory;
    const Child target([&] {
        const int listener = listen_at(directory.socket_of(getpid()));
        const int fd = accept(listener, nullptr, nullptr);
        receive_packet(fd);
    });
    std::unique_ptr<Connection> connection;
    const Process process(target.pid());
    ASSERT_TRUE(eventually([&] {
        try {
            connection = std::make_unique<Connection>(process);
        } catch (const Error&) {
            // Not listening yet.
        }
        return connection != nullptr;
    }));
    const Error error = error_of([&] { connection->hello(); });
    EXPECT_EQ(error.code(), ErrorCode::target_died) << error.what();
    EXPECT_EQ(error.code(), ErrorCode::target_died);
}

TEST(Connection, TellsThatTheTargetIsStopped) {
    const SocketDirectory directory;
    const Child target([&] {
        listen_at(directory.socket_of(getpid()));
        raise(SIGSTOP);
    });
    int status = 0;
    ASSERT_EQ(waitpid(target.pid(), &status, WUNTRACED), target.pid());
    ASSERT_TRUE(WIFSTOPPED(status));
    const Process process(target.pid());
    Connection connection(process);  // the kernel accepts for a listener that can't
    EXPECT_TRUE(connection.is_stopped());
    const Error error = error_of([&] { connection.hello(); });
    EXPECT_EQ(error.code(), ErrorCode::target_stopped);
}

TEST(Connection, ToAnEndedProcessIsNoSuchProcess) {
    pid_t pid = 0;
    {
        const Child target([] {
            for (;;)
                pause();
        });
        pid = target.pid();
    }
    EXPECT_EQ(error_of([&] { Connection connection{Process(pid)}; }).code(),
              ErrorCode::no_such_process);
}

}  // namespace
