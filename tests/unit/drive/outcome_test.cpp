// What comes of a fault: names, reasons; and what a launch does to the environment.
#include "drive/faults/inflict.hpp"
#include "drive/faults/reason.hpp"
#include "drive/programs/launch.hpp"
#include "drive/threads/thread_view.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace {

using namespace threadfault;
using namespace threadfault::drive;

TEST(Outcomes, HaveStableNames) {
    EXPECT_EQ(to_string(Outcome::ended), "ended");
    EXPECT_EQ(to_string(Outcome::done), "done");
    EXPECT_EQ(to_string(Outcome::pending), "pending");
    EXPECT_EQ(to_string(Outcome::refused), "refused");
    EXPECT_EQ(to_string(Outcome::target_died), "target-died");
}

TEST(Reasons, HaveDistinctTokens) {
    std::set<std::string_view> tokens;
    constexpr auto kLast = static_cast<std::uint32_t>(wire::Reason::no_stack_room);
    for (std::uint32_t number = 1; number <= kLast; number++) {
        const std::string_view token = reason_token(static_cast<wire::Reason>(number));
        EXPECT_FALSE(token.empty()) << number;
        EXPECT_NE(token, "unknown") << number;
        EXPECT_TRUE(tokens.insert(token).second) << token;
    }
    EXPECT_EQ(reason_token(wire::Reason::none), "");
    EXPECT_EQ(reason_token(static_cast<wire::Reason>(9999)), "unknown");
}

TEST(Reasons, BeginWithTheToken) {
    wire::FaultReply reply;
    reply.reason = wire::Reason::cancel_disabled;
    const std::string text = reason_text(reply, wire::Fault::cancel, "in read called from serve");
    EXPECT_TRUE(text.starts_with("cancel-disabled: ")) << text;
    EXPECT_NE(text.find("in read called from serve"), std::string::npos) << text;
    reply.reason = wire::Reason::none;
    EXPECT_EQ(reason_text(reply, wire::Fault::cancel, "in read"), "");
}

TEST(Reasons, SayHowMuchStackIsMissing) {
    wire::FaultReply reply;
    reply.reason = wire::Reason::no_stack_room;
    reply.room = {wire::Stack::own, 2200, 3376 + 896, 3376};
    EXPECT_EQ(
        reason_text(reply, wire::Fault::freeze, {}),
        "no-stack-room: 2.1 KiB left on the thread's stack, the signal frame alone needs 3.3");
    reply.room.left = 4000;
    EXPECT_EQ(reason_text(reply, wire::Fault::freeze, {}),
              "no-stack-room: 3.9 KiB left on the thread's stack, threadfault's signal handler "
              "needs 4.2");
    reply.room = {wire::Stack::alternate, 6000, 3376 + 4800, 3376};
    EXPECT_EQ(reason_text(reply, wire::Fault::exit, "in pause"),
              "no-stack-room: 5.8 KiB left on the thread's alternate signal stack, unwinding from "
              "a signal handler needs 8.0; it is in pause");
    reply.room.left = wire::kRoomUnknown;
    EXPECT_EQ(
        reason_text(reply, wire::Fault::exit, {}),
        "no-stack-room: the thread is running, and its stack is small or was nearly full: how "
        "much is left is not known, and unwinding from a signal handler needs 8.0 KiB");
}

// --anywhere is the advice where it would help.
TEST(Reasons, AdviseToVanishAnywhereWhereThatHasTheRoom) {
    wire::FaultReply reply;
    reply.reason = wire::Reason::no_stack_room;
    reply.room = {wire::Stack::own, 5000, 3376 + 2688, 3376};
    const auto text = [&](wire::Fault fault) { return reason_text(reply, fault, {}); };
    EXPECT_NE(text(wire::Fault::vanish).find("\"anywhere\""), std::string::npos);
    EXPECT_EQ(text(wire::Fault::exit).find("anywhere"), std::string::npos);
    reply.room.left = 4000;
    EXPECT_EQ(text(wire::Fault::vanish).find("anywhere"), std::string::npos);
}

TEST(FaultNames, OfWhatIsInForce) {
    EXPECT_TRUE(fault_names(0).empty());
    const auto both = fault_names(wire::kInForceFreeze | wire::kInForceCancel);
    EXPECT_EQ(std::set<std::string_view>(both.begin(), both.end()),
              (std::set<std::string_view>{"freeze", "cancel"}));
}

wire::ThreadRecord record_at(std::initializer_list<std::uint32_t> components) {
    wire::ThreadRecord record;
    for (std::uint32_t component : components)
        record.path[record.depth++] = component;
    return record;
}

TEST(Paths, AreWrittenFromMain) {
    EXPECT_EQ(path_text(record_at({})), "main");
    EXPECT_EQ(path_text(record_at({3})), "main/3");
    EXPECT_EQ(path_text(record_at({3, 1})), "main/3/1");
}

// `depth` comes from another process: it must not lead beyond the array.
TEST(Paths, OfDeepThreadsAreCutInTheMiddle) {
    wire::ThreadRecord record;
    for (std::uint32_t i = 0; i < wire::kMaxPathDepth; i++)
        record.path[i] = i + 1;
    record.depth = wire::kMaxPathDepth;
    EXPECT_EQ(path_text(record).find("…"), std::string::npos);
    for (std::uint32_t depth : {std::uint32_t{wire::kMaxPathDepth} + 1, 0xffffffffU}) {
        record.depth = depth;
        const std::string text = path_text(record);
        EXPECT_NE(text.find("…"), std::string::npos) << text;
        EXPECT_TRUE(text.ends_with("/16")) << text;
    }
}

TEST(Preload, PutsTheShimFirst) {
    EXPECT_EQ(preload_value({}, "/lib/shim.so", nullptr), "/lib/shim.so");
    EXPECT_EQ(preload_value({}, "/lib/shim.so", ""), "/lib/shim.so");
    EXPECT_EQ(preload_value({}, "/lib/shim.so", "a.so b.so:c.so"), "/lib/shim.so:a.so:b.so:c.so");
    EXPECT_EQ(preload_value({"libasan.so.8"}, "/lib/shim.so", "a.so"),
              "libasan.so.8:/lib/shim.so:a.so");
}

TEST(Preload, LoadsTheShimOnce) {
    EXPECT_EQ(preload_value({}, "/lib/shim.so", "/lib/shim.so:a.so"), "/lib/shim.so:a.so");
    EXPECT_EQ(preload_value({}, "/lib/shim.so", "::a.so: "), "/lib/shim.so:a.so");
}

TEST(FindShim, ChecksWhatIsGiven) {
    const auto code_of = [](const char* path) {
        try {
            find_shim(path);
        } catch (const Error& error) {
            return std::string(to_string(error.error_code()));
        }
        return std::string();
    };
    EXPECT_EQ(code_of("/nonexistent/shim.so"), "bad_shim");
    EXPECT_EQ(code_of("/etc/passwd"), "bad_shim");
    EXPECT_EQ(code_of("/"), "bad_shim");
}

TEST(Launch, UnknownProgramsAreToldFromThoseThatCantRun) {
    LaunchOptions options;
    options.shim = "/lib/shim.so";
    const auto error_of = [&](const std::string& program) {
        options.command = {program};
        try {
            prepare_launch(options);
        } catch (const CannotStart& error) {
            return error.error_code();
        }
        return ErrorCode{};
    };
    EXPECT_EQ(error_of("/nonexistent/program"), ErrorCode::not_found);
    EXPECT_EQ(error_of("no-such-program-in-path"), ErrorCode::not_found);
    EXPECT_EQ(error_of("/etc/passwd"), ErrorCode::not_executable);
    EXPECT_EQ(error_of("/"), ErrorCode::not_executable);
}

}  // namespace
