// Which locks a death leaves behind is said beforehand.
#include "support/eventually.hpp"
#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <string>

namespace threadfault::test {
namespace {

struct Row {
    const char* kind;
    const char* how;
    const char* forecast;
    const char* orphan;  // the symbol, or "" for none; "?" has none of its own
    const char* fact;
};
constexpr Row kRows[] = {
    {"wait_without_handler", "cancel", "ends", "queue_mutex",
     "libc reacquires mutex queue_mutex before the wait returns, and nothing releases it during "
     "unwinding: it will be orphaned"},
    {"wait_without_handler", "exit", "ends", "queue_mutex", "it will be orphaned"},
    {"wait_without_handler", "vanish", "ends", "", "nothing unwinds"},
    {"wait_with_handler", "cancel", "ends", "", " releases it"},
    {"guard", "exit", "ends", "", "it holds mutex cache_mutex: the clean-up of "},
    {"guard", "vanish", "ends", "cache_mutex", "it holds mutex cache_mutex: it will be orphaned"},
    {"by_hand", "cancel", "ends", "cache_mutex",
     "it holds mutex cache_mutex, and nothing releases it during unwinding: it will be orphaned"},
    {"handler_for_another", "exit", "ends", "queue_mutex",
     "it holds mutex other_mutex: the clean-"},
    {"standard_stream", "cancel", "ends", "stderr", "it holds the lock of stderr, and nothing"},
    {"standard_stream", "exit", "unsafe", "", "it holds the lock of stderr: `kill` waits"},
    {"stream_of_its_own", "vanish", "ends", "?", "it holds the lock of FILE 0x"},
    {"awaited_stream", "vanish", "ends", "?", "it holds the lock of FILE 0x"},
    {"awaited_stream", "cancel", "ends", "?", "and nothing releases it during unwinding: it will "},
};

class HeldLocks : public testing::TestWithParam<Row> {};

TEST_P(HeldLocks, AreNamedWhereTheyStayBehind) {
    const Row& row = GetParam();
    Target target({HELD_LOCKS, row.kind});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    CliResult said;
    // It sleeps in a moment.
    ASSERT_TRUE(eventually([&] {
        said = target.command("kill", {"name=holder", "--how", row.how, "--dry-run"});
        // By what this libc's file names of the functions that it sleeps in.
        return said.out.find("nanosleep") != std::string::npos ||
               said.out.find("futex") != std::string::npos ||
               said.out.find("it is in pthread_cond_wait") != std::string::npos;
    })) << said;
    EXPECT_EQ(said.text("forecast"), row.forecast) << said;
    EXPECT_NE(said.out.find(row.fact), std::string::npos) << said;
    const std::string orphan = row.orphan;
    ASSERT_EQ(said.json["orphans"].size(), orphan.empty() ? 0U : 1U) << said;
    if (orphan == "?") {
        EXPECT_TRUE(said.json["orphans"][0]["symbol"].is_null()) << said;
    } else if (!orphan.empty()) {
        EXPECT_EQ(said.json["orphans"][0]["symbol"], orphan) << said;
    }
    const bool refused = std::string(row.forecast) == "unsafe";
    const CliResult done = target.command(
        "kill", {"name=holder", "--how", row.how, "--wait", refused ? "100ms" : "20s"});
    EXPECT_EQ(done.text("outcome"), refused ? "refused" : "ended") << done;
}
INSTANTIATE_TEST_SUITE_P(Deaths, HeldLocks, testing::ValuesIn(kRows), [](const auto& info) {
    return std::string(info.param.kind) + "_" + info.param.how;
});

}  // namespace
}  // namespace threadfault::test
