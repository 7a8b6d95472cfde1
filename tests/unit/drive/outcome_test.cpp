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
    constexpr auto kLast = static_cast<std::uint32_t>(wire::Reason::not_in_force);
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
