// 100,000 messages that no client sends: each is answered with an error or a closed connection, and
// the target does not notice.
#include "support/agent_socket.hpp"
#include "victim.hpp"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace threadfault::test {
namespace {

constexpr int kMessages = 100'000;

using Bytes = std::vector<unsigned char>;

// What the agent may answer.
enum class Expected {
    refusal,  // an error, or a closed connection
    reply,    // well-formed, of no effect
};

struct Message {
    Bytes bytes;
    Expected expected;
};

class Generator {
public:
    explicit Generator(std::uint64_t seed) : random_(seed) {}

    Message next() {
        switch (number(11)) {
            case 0:
                return {noise(number(200)), Expected::refusal};
            case 1:  // a right header and a random body: of no known type, or of a wrong length
                return {with_header(noise(16 + number(400)), random_type()), Expected::refusal};
            case 2: {  // cut short
                Bytes whole = valid();
                whole.resize(number(whole.size()));
                return {whole, Expected::refusal};
            }
            case 3: {  // too long, and the header says so or does not
                Bytes whole = valid();
                const std::size_t more = 1 + number(600);
                const Bytes tail = noise(more);
                whole.insert(whole.end(), tail.begin(), tail.end());
                if (number(2) == 0) set_length(&whole);
                return {whole, Expected::refusal};
            }
            case 4:
                return {with_version(valid()), Expected::refusal};
            case 5: {
                Bytes whole = valid();
                whole[number(4)] ^= static_cast<unsigned char>(1 + number(255));  // the magic
                return {whole, Expected::refusal};
            }
            case 6: {  // the length lies
                Bytes whole = valid();
                wire::Header header = header_of(whole);
                header.length += static_cast<std::uint32_t>(1 + number(1'000'000));
                put(&whole, header);
                return {whole, Expected::refusal};
            }
            case 7:  // as large as a packet can be, or larger
                if (number(50) != 0) return {noise(4096 + number(8192)), Expected::refusal};
                return {noise(wire::kMaxMessage - 8 + number(16)), Expected::refusal};
            case 8:
                return {list(), Expected::reply};
            case 9:
                return {capture(), Expected::reply};
            default:
                return {fault(), Expected::reply};
        }
    }

private:
    std::size_t number(std::size_t below) { return below == 0 ? 0 : random_() % below; }

    Bytes noise(std::size_t length) {
        Bytes bytes(length);
        for (unsigned char& byte : bytes)
            byte = static_cast<unsigned char>(random_());
        return bytes;
    }

    static wire::Header header_of(const Bytes& bytes) {
        wire::Header header;
        std::memcpy(&header, bytes.data(), sizeof header);
        return header;
    }

    static void put(Bytes* bytes, const wire::Header& header) {
        std::memcpy(bytes->data(), &header, std::min(sizeof header, bytes->size()));
    }

    static void set_length(Bytes* bytes) {
        wire::Header header = header_of(*bytes);
        header.length = static_cast<std::uint32_t>(bytes->size());
        put(bytes, header);
    }

    static Bytes with_header(Bytes bytes, wire::Type type) {
        put(&bytes, wire::make_header(type, bytes.size(), 1));
        return bytes;
    }

    Bytes with_version(Bytes bytes) {
        wire::Header header = header_of(bytes);
        header.version ^= static_cast<std::uint16_t>(1 + number(0xffff));
        put(&bytes, header);
        return bytes;
    }

    // None that a client may send.
    wire::Type random_type() { return static_cast<wire::Type>(0x20 + number(0x10000 - 0x20)); }

    template <typename T>
    static Bytes bytes_of(const T& message) {
        Bytes bytes(sizeof message);
        std::memcpy(bytes.data(), &message, sizeof message);
        return bytes;
    }

    Bytes list() {
        wire::ListRequest request;
        const Bytes random = noise(sizeof request);
        std::memcpy(&request, random.data(), sizeof request);
        if (number(2) == 0) std::memset(request.name_glob, 0, sizeof request.name_glob);
        request.header = wire::make_header(wire::Type::list, sizeof request, 1);
        return bytes_of(request);
    }

    // Everything random but the thread: beyond all that the kernel hands out.
    Bytes fault() {
        wire::FaultRequest request;
        const Bytes random = noise(sizeof request);
        std::memcpy(&request, random.data(), sizeof request);
        request.header = wire::make_header(wire::Type::fault, sizeof request, 1);
        if (number(2) == 0) request.fault = static_cast<wire::Fault>(number(20));
        request.tid = number(2) == 0 ? -static_cast<std::int32_t>(number(1U << 30))
                                     : static_cast<std::int32_t>((1U << 23) + number(1U << 30));
        request.wait_ns = static_cast<std::int64_t>(number(1000));
        return bytes_of(request);
    }

    // Of one thread, so that one answer comes.
    Bytes capture() {
        wire::CaptureRequest request;
        const Bytes random = noise(sizeof request);
        std::memcpy(&request, random.data(), sizeof request);
        request.header = wire::make_header(wire::Type::capture, sizeof request, 1);
        request.count = 1;
        request.targets[0].tid = static_cast<std::int32_t>((1U << 23) + number(1U << 30));
        if (number(2) == 0) request.targets[0].serial = 0;
        request.wait_ns = static_cast<std::int64_t>(number(1000));
        return bytes_of(request);
    }

    Bytes valid() {
        wire::Hello hello;
        hello.header = wire::make_header(wire::Type::hello, sizeof hello, 1);
        switch (number(3)) {
            case 0:
                return bytes_of(hello);
            case 1:
                return list();
            default:
                return fault();
        }
    }

    std::mt19937_64 random_;
};

void fuzz(Victim& victim, std::uint64_t seed) {
    const std::string path = agent_socket_path(victim.pid(), geteuid());
    Generator generator(seed);
    std::unique_ptr<AgentSocket> socket;
    int refusals = 0, replies = 0;
    for (int i = 0; i < kMessages; i++) {
        if (!socket) socket = std::make_unique<AgentSocket>(path);
        ASSERT_TRUE(socket->connected()) << "message " << i << ": " << strerror(socket->error());
        const Message message = generator.next();
        if (!socket->send(message.bytes.data(), message.bytes.size())) {
            // Larger than a socket's buffer: it never got to the agent.
            ASSERT_EQ(socket->error(), EMSGSIZE) << i;
            continue;
        }
        const auto packet = socket->receive();
        ASSERT_TRUE(packet) << "message " << i << " of " << message.bytes.size()
                            << " bytes was not answered";
        const bool refused = packet->closed || packet->header().type == wire::Type::error;
        if (message.expected == Expected::refusal) {
            ASSERT_TRUE(refused) << "message " << i << " of " << message.bytes.size()
                                 << " bytes: type " << static_cast<int>(packet->header().type);
        }
        refused ? refusals++ : replies++;
        if (!refused) continue;
        if (!packet->closed) {
            const auto end = socket->receive();
            ASSERT_TRUE(end && end->closed) << "after an error the connection ends; message " << i;
        }
        socket.reset();
    }
    EXPECT_GT(refusals, kMessages / 2);
    EXPECT_GT(replies, 1000);
}

TEST(Fuzz, HundredThousandMessagesHarmNothing) {
    Victim victim("nanosleep");
    ASSERT_NO_FATAL_FAILURE(victim.await());
    const std::vector<pid_t> before = tasks(victim.pid());
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    ASSERT_NO_FATAL_FAILURE(fuzz(victim, seed));
    EXPECT_TRUE(victim.target().process().running());
    EXPECT_EQ(tasks(victim.pid()), before);
    EXPECT_TRUE(victim.bystanders_progress());
    EXPECT_TRUE(AgentSocket(agent_socket_path(victim.pid(), geteuid())).hello());
    EXPECT_EQ(victim.kill("cancel", "20s").exit_code, 0);
}

// Clients that connect and say nothing, or leave at once, keep nobody out for ever.
TEST(Fuzz, SilentClientsKeepNobodyOut) {
    Victim victim("nanosleep");
    ASSERT_NO_FATAL_FAILURE(victim.await());
    const std::string path = agent_socket_path(victim.pid(), geteuid());
    {
        std::vector<AgentSocket> silent;
        for (int i = 0; i < 300; i++)
            silent.emplace_back(path);
    }
    EXPECT_TRUE(eventually([&] { return AgentSocket(path).hello().has_value(); }));
    EXPECT_TRUE(victim.bystanders_progress());
}

}  // namespace
}  // namespace threadfault::test
