// What the agent accepts from a client: nothing but whole, well-formed requests of its version.
#include "wire/wire.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <vector>

namespace {

using namespace threadfault::wire;

// In a block of exactly its size, so that AddressSanitizer sees a read beyond it.
Check check(const void* data, std::size_t length) {
    const std::unique_ptr<unsigned char[]> block(new unsigned char[length]);
    if (length != 0) std::memcpy(block.get(), data, length);
    return check_request(block.get(), length);
}

template <typename Message>
Check check(const Message& message) {
    return check(&message, sizeof message);
}

template <typename Message>
Message make(Type type) {
    Message message;
    message.header = make_header(type, sizeof message, 7);
    return message;
}

Hello hello() {
    return make<Hello>(Type::hello);
}

TEST(CheckRequest, TakesWhatIsWellFormed) {
    EXPECT_EQ(check(hello()), Check::ok);
    EXPECT_EQ(check(make<ListRequest>(Type::list)), Check::ok);
    EXPECT_EQ(check(make<FaultRequest>(Type::fault)), Check::ok);
}

TEST(CheckRequest, Header) {
    const Header header = make_header(Type::list, 100, 42);
    EXPECT_EQ(std::memcmp(&header.magic, "TTF1", 4), 0) << "as bytes, whatever the byte order";
    EXPECT_EQ(header.version, kVersion);
    EXPECT_EQ(header.type, Type::list);
    EXPECT_EQ(header.length, 100U);
    EXPECT_EQ(header.request, 42U);
}

TEST(CheckRequest, TooShortForAHeader) {
    const Hello message = hello();
    for (std::size_t length = 0; length < sizeof(Header); ++length)
        EXPECT_EQ(check(&message, length), Check::malformed) << length;
    EXPECT_EQ(check_request(nullptr, 0), Check::malformed);
}

TEST(CheckRequest, WrongMagicBeforeAnythingElse) {
    for (int bit = 0; bit < 32; ++bit) {
        Hello message = hello();
        message.header.magic ^= 1U << bit;
        message.header.version = 99;
        EXPECT_EQ(check(message), Check::bad_magic) << bit;
    }
}

// Before the type and the length: another version may have others.
TEST(CheckRequest, WrongVersion) {
    for (const int version : {0, kVersion + 1, 0xffff}) {
        Hello message = hello();
        message.header.version = static_cast<std::uint16_t>(version);
        message.header.type = static_cast<Type>(77);
        message.header.length = 0;
        EXPECT_EQ(check(message), Check::bad_version) << version;
    }
}

TEST(CheckRequest, NoTypeButThoseOfRequests) {
    for (unsigned type = 0; type <= 0xffff; ++type) {
        Hello message = hello();
        message.header.type = static_cast<Type>(type);
        const bool request = type >= 1 && type <= 9;
        EXPECT_EQ(request_size(message.header.type) != 0, request) << type;
        if (!request) {
            EXPECT_EQ(check(message), Check::bad_type) << type;
        }
    }
}

template <typename Message>
void expect_only_its_own_length(Type type) {
    std::vector<unsigned char> packet(kMaxMessage + 1);
    for (std::size_t length = sizeof(Header); length <= 2 * sizeof(Message); ++length) {
        Message message = make<Message>(type);
        // The packet is longer or shorter than the header says…
        std::memcpy(packet.data(), &message, sizeof message);
        const Check expected = length == sizeof message ? Check::ok : Check::malformed;
        EXPECT_EQ(check(packet.data(), length), expected) << length;
        // … or agrees with it and is wrong all the same …
        message.header.length = static_cast<std::uint32_t>(length);
        std::memcpy(packet.data(), &message, sizeof message);
        EXPECT_EQ(check(packet.data(), length), expected) << length;
        // … or is right, and the header is not.
        EXPECT_EQ(check(packet.data(), sizeof message), expected) << length;
    }
    EXPECT_EQ(check(packet.data(), kMaxMessage), Check::malformed);
    EXPECT_EQ(check(packet.data(), kMaxMessage + 1), Check::malformed);
    Message message = make<Message>(type);
    for (const std::uint32_t length : {0U, 1U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
        message.header.length = length;
        EXPECT_EQ(check(message), Check::malformed) << length;
    }
}

TEST(CheckRequest, LengthOfHello) {
    expect_only_its_own_length<Hello>(Type::hello);
}
TEST(CheckRequest, LengthOfList) {
    expect_only_its_own_length<ListRequest>(Type::list);
}
TEST(CheckRequest, LengthOfFault) {
    expect_only_its_own_length<FaultRequest>(Type::fault);
}

TEST(CheckRequest, TheGlobMustEnd) {
    ListRequest request = make<ListRequest>(Type::list);
    std::memset(request.name_glob, 'x', sizeof request.name_glob);
    EXPECT_EQ(check(request), Check::malformed);
    request.name_glob[sizeof request.name_glob - 1] = '\0';
    EXPECT_EQ(check(request), Check::ok);
}

TEST(CheckRequest, CapturesAreOfAtLeastOneThreadAndOfNoMoreThanFit) {
    CaptureRequest request = make<CaptureRequest>(Type::capture);
    EXPECT_EQ(check(request), Check::malformed);
    for (const std::uint32_t count : {1U, static_cast<std::uint32_t>(kMostCaptures)}) {
        request.count = count;
        EXPECT_EQ(check(request), Check::ok) << count;
    }
    for (const std::uint32_t count : {static_cast<std::uint32_t>(kMostCaptures) + 1, ~0U}) {
        request.count = count;
        EXPECT_EQ(check(request), Check::malformed) << count;
    }
}

TEST(CheckRequest, AllRecordsFitIntoAPacket) {
    EXPECT_LE(sizeof(ListReply) + kMaxRecords * sizeof(ThreadRecord), kMaxMessage);
    EXPECT_GT(sizeof(ListReply) + (kMaxRecords + 1) * sizeof(ThreadRecord), kMaxMessage);
}

// Random bytes, half of them with some of the right fields in front: what is taken is whole.
TEST(CheckRequest, RandomMessages) {
    std::mt19937 random(1);
    std::vector<unsigned char> packet(1024);
    int taken = 0;
    for (int i = 0; i < 100'000; ++i) {
        std::size_t length = random() % 600;
        for (std::size_t at = 0; at < packet.size(); at += 4) {
            const std::uint32_t word = random() % 4 == 0 ? 0 : static_cast<std::uint32_t>(random());
            std::memcpy(&packet[at], &word, sizeof word);
        }
        Header header;
        std::memcpy(&header, packet.data(), sizeof header);
        if (i % 2 == 0) header.magic = kMagic;
        if (i % 4 == 0) header.version = kVersion;
        if (i % 8 == 0) header.type = static_cast<Type>(1 + random() % 4);
        if (i % 16 == 0) {
            length = request_size(header.type);
            header.length = static_cast<std::uint32_t>(length);
        }
        std::memcpy(packet.data(), &header, sizeof header);
        if (check(packet.data(), length) != Check::ok) continue;
        ++taken;
        ASSERT_EQ(header.magic, kMagic);
        ASSERT_EQ(header.version, kVersion);
        ASSERT_EQ(length, request_size(header.type));
        ASSERT_EQ(length, header.length);
    }
    EXPECT_GT(taken, 1000) << "the test made too few good ones";
}

}  // namespace
