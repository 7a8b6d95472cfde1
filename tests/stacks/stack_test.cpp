// `stack`: what is hard to unwind, and that nothing happens to the target by it.
#include "look.hpp"

#include "arch/code.hpp"
#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

namespace threadfault::test {
namespace {

using Json = nlohmann::json;

// From the agent's copy, or from outside.
class Stack : public testing::TestWithParam<const char*> {
protected:
    void start(const std::string& what, const char* program = STACKS_TARGET) {
        target_ = std::make_unique<Target>(std::vector<std::string>{program, what});
        ASSERT_EQ(target_->process().read_until("ready"), "ready") << target_->process().errors();
        ASSERT_TRUE(target_->ready());
    }
    Seen victim(std::vector<std::string> more = {}) {
        more.insert(more.begin(), "name=victim");
        if (!by_ptrace()) more.emplace_back("--by-signal");
        // On a busy machine a thread may answer too late, and is then looked at from outside.
        Seen seen;
        EXPECT_TRUE(eventually([&] {
            seen = look(target_->pid_text(), more);
            EXPECT_EQ(seen.result.exit_code, 0) << seen;
            return HasFailure() || seen.thread["via"] == GetParam();
        })) << seen;
        EXPECT_TRUE(goes_on());
        return seen;
    }
    bool by_ptrace() const { return std::string(GetParam()) == "ptrace"; }
    bool goes_on() {
        const std::string before = target_->ask("counts");
        return eventually([&] { return target_->ask("counts") != before; });
    }
    std::unique_ptr<Target> target_;
};

TEST_P(Stack, NamesInlinedCallsWithTheirLines) {
    ASSERT_NO_FATAL_FAILURE(start("inlined"));
    const Seen seen = victim();
    const Json& frames = seen.thread["frames"];
    const auto at = [&](const char* name) {
        for (const Json& frame : frames) {
            if (frame["function"].is_string() &&
                std::string(frame["function"]).find(name) != std::string::npos) {
                return frame;
            }
        }
        return Json();
    };
    const Json inner = at("innermost_inlined");
    ASSERT_TRUE(inner.is_object()) << seen;
    EXPECT_EQ(inner["inlined"], true);
    EXPECT_NE(std::string(inner["file"]).find("stacks_target.cpp"), std::string::npos);
    EXPECT_GT(inner.value("line", 0), 20);
    EXPECT_EQ(at("middle_inlined").value("inlined", false), true) << seen;
    const Json outer = at("outer_of_inlined");
    ASSERT_TRUE(outer.is_object()) << seen;
    EXPECT_EQ(outer["inlined"], false);
    EXPECT_TRUE(seen.has("victim"));
    EXPECT_TRUE(seen.reaches_the_start()) << seen;
}

TEST_P(Stack, EndsAtTheDepthThatIsAskedFor) {
    ASSERT_NO_FATAL_FAILURE(start("recursion"));
    const Seen shallow = victim({"--depth", "50"});
    EXPECT_EQ(shallow.thread["cut"], true);
    EXPECT_GE(shallow.functions.size(), 50U);
    EXPECT_LT(shallow.functions.size(), 120U) << "inlined calls are no frames of their own";
    const Seen deep = victim({"--depth", "10000"});
    EXPECT_GE(deep.functions.size(), 5'000U);
    EXPECT_TRUE(deep.has("recurse"));
}

TEST_P(Stack, GoesThroughASignalHandler) {
    ASSERT_NO_FATAL_FAILURE(start("handler"));
    const Seen seen = victim();
    EXPECT_TRUE(seen.has("on_signal")) << seen;
    EXPECT_TRUE(seen.has("interrupted_code")) << seen;
    const Json& frames = seen.thread["frames"];
    EXPECT_TRUE(std::any_of(frames.begin(), frames.end(), [](const Json& frame) {
        return frame.value("signal", false);
    })) << seen;
}

TEST_P(Stack, StopsPolitelyAtGeneratedCode) {
    ASSERT_NO_FATAL_FAILURE(start("generated"));
    const Seen seen = victim();
    EXPECT_TRUE(seen.has("stand")) << seen;
    ASSERT_FALSE(seen.thread["frames"].empty());
    EXPECT_TRUE(seen.thread["frames"].back()["module"].is_null())
        << "the last frame is the code without tables: " << seen;
}

TEST_P(Stack, SurvivesACorruptStack) {
    ASSERT_NO_FATAL_FAILURE(start("corrupt"));
    const Seen seen = victim();
    EXPECT_TRUE(seen.has("stand")) << seen;
    EXPECT_LT(seen.functions.size(), 20U);
}

TEST_P(Stack, GivesModuleAndBuildIdWithoutSymbols) {
    ASSERT_NO_FATAL_FAILURE(start("inlined", STACKS_STRIPPED));
    const Seen seen = victim();
    const Json& frames = seen.thread["frames"];
    const auto own = std::find_if(frames.begin(), frames.end(), [](const Json& frame) {
        return frame["module"].is_string() &&
               std::string(frame["module"]).starts_with("stacks_target");
    });
    ASSERT_NE(own, frames.end()) << seen;
    EXPECT_TRUE((*own)["function"].is_null()) << *own;
    EXPECT_TRUE((*own)["offset"].is_string());
    EXPECT_GE(std::string((*own)["build_id"]).size(), 16U);
    EXPECT_TRUE(seen.reaches_the_start()) << seen;
}

INSTANTIATE_TEST_SUITE_P(Via, Stack, testing::Values("agent", "ptrace"),
                         [](const auto& info) { return std::string(info.param); });

TEST(StackOfAnyProcess, NeedsNoAgent) {
    Process bare({STACKS_TARGET, "inlined"});
    ASSERT_EQ(bare.read_until("ready"), "ready");
    const Seen seen = look(std::to_string(bare.pid()), {"name=victim"});
    EXPECT_EQ(seen.result.exit_code, 0) << seen;
    EXPECT_EQ(seen.thread["via"], "ptrace");
    EXPECT_TRUE(seen.has("outer_of_inlined")) << seen;
}

TEST(StackOfADeafThread, IsTakenFromOutside) {
    Target target({TARGET_VICTIMS, "deaf"});
    ASSERT_EQ(target.process().read_until("ready"), "ready");
    ASSERT_TRUE(target.ready());
    const Seen seen = look(target.pid_text(), {"name=victim", "--by-signal"});
    EXPECT_EQ(seen.result.exit_code, 0) << seen;
    EXPECT_EQ(seen.thread["via"], "ptrace") << seen;
    EXPECT_FALSE(seen.functions.empty());
}

// Where a signal handler returns to, by its code.
bool is_trampoline(pid_t pid, const Json& frame) {
    constexpr auto& kCode = arch::kTrampoline;
    std::ifstream memory("/proc/" + std::to_string(pid) + "/mem", std::ios::binary);
    memory.seekg(static_cast<std::streamoff>(std::stoull(std::string(frame["ip"]), nullptr, 16)));
    char code[sizeof kCode] = {};
    EXPECT_TRUE(memory.read(code, sizeof code)) << frame;
    return std::memcmp(code, kCode.data(), sizeof code) == 0;
}

// A frozen thread has the loader's lock: whoever asked the loader in the process would hang.
TEST(StackWithTheLoaderLocked, IsAnswered) {
    Target target({TARGET_VICTIMS, "loader_callback"});
    ASSERT_EQ(target.process().read_until("ready"), "ready");
    ASSERT_TRUE(target.ready());
    const CliResult frozen = target.command("freeze", {"name=victim"});
    ASSERT_EQ(frozen.text("outcome"), "done") << frozen;
    const Seen all = look(target.pid_text(), {});
    EXPECT_EQ(all.result.exit_code, 0) << all;
    for (const Json& thread : all.result.json["threads"])
        EXPECT_FALSE(thread["frames"].empty()) << thread;
    const Seen seen = look(target.pid_text(), {"name=victim"});
    EXPECT_TRUE(seen.has("dl_iterate_phdr")) << "below the freeze: " << seen;
    for (const Json& frame : seen.thread["frames"]) {
        const Json& module = frame["module"];
        EXPECT_FALSE(module.is_string() && std::string(module).starts_with("libthreadfault"))
            << "the freeze itself is not shown: " << seen;
    }
    EXPECT_FALSE(is_trampoline(target.pid(), seen.thread["frames"][0])) << seen;
}

TEST(StackCollapsed, PutsEqualStacksTogether) {
    Target target({STACKS_TARGET, "inlined"});
    ASSERT_EQ(target.process().read_until("ready"), "ready");
    ASSERT_TRUE(target.ready());
    CliResult result;
    // The bystanders are mostly asleep; both must be at the same place.
    EXPECT_TRUE(eventually([&] {
        result = run_cli({"stack", target.pid_text(), "--collapse"});
        return result.out.starts_with("2 threads: bystander");
    })) << result;
}

TEST(StackCollapsed, IsTheSameInJson) {
    Target target({STACKS_TARGET, "inlined"});
    ASSERT_EQ(target.process().read_until("ready"), "ready");
    ASSERT_TRUE(target.ready());
    CliResult result;
    EXPECT_TRUE(eventually([&] {
        result = run_cli({"--json", "stack", target.pid_text(), "--collapse"});
        return result.json.is_object() && result.json.contains("groups") &&
               result.json["groups"][0]["count"] == 2;
    })) << result;
    ASSERT_TRUE(result.json.contains("groups")) << result;
    const Json& group = result.json["groups"][0];
    ASSERT_EQ(group["threads"].size(), 2U) << result;
    EXPECT_EQ(group["threads"][0]["name"], "bystander") << result;
    EXPECT_FALSE(group["frames"].empty()) << result;
}

TEST(StackSelectors, InAndHolding) {
    Target target({TARGET_VICTIMS, "mutex_lock"});
    ASSERT_EQ(target.process().read_until("ready"), "ready");
    ASSERT_TRUE(target.ready());
    const Seen in = look(target.pid_text(), {"in=*in_mutex_lock*"});
    EXPECT_EQ(in.result.exit_code, 0) << in;
    EXPECT_EQ(in.thread["name"], "victim") << in;
    // main has what the victim waits for.
    const CliResult list = target.command("ps");
    std::string symbol;
    for (const Json& thread : list.json["threads"]) {
        if (!thread["holding"].empty()) {
            EXPECT_EQ(thread["main"], true) << thread;
            symbol = thread["holding"][0]["address"];
        }
    }
    ASSERT_FALSE(symbol.empty()) << list;
    const Seen holder = look(target.pid_text(), {"holding=" + symbol});
    ASSERT_TRUE(holder.thread.is_object()) << holder;
    EXPECT_EQ(holder.thread["tid"], target.pid()) << holder;
    // Shown without being asked for, too, and with the others left out.
    const Seen main = look(target.pid_text(), {"main"});
    ASSERT_EQ(main.thread["holding"].size(), 1U) << main;
    EXPECT_EQ(main.thread["holding"][0]["address"], symbol) << main;
    EXPECT_EQ(main.thread["holding"][0]["waiters"], 1) << main;
    EXPECT_EQ(in.thread["holding"], Json::array()) << in;
    const CliResult text = run_cli({"stack", target.pid_text()});
    EXPECT_NE(text.out.find("  holds mutex "), std::string::npos) << text;
    const CliResult refused = run_cli({"kill", target.pid_text(), "in=no_such_function"});
    EXPECT_EQ(refused.exit_code, 3) << refused;
}

TEST(StackCache, KeepsNamesByBuildId) {
    const std::filesystem::path cache =
        std::filesystem::path(testing::TempDir()) / ("cache" + std::to_string(getpid()));
    std::filesystem::create_directories(cache);
    const SpawnOptions options{.environment = {{"XDG_CACHE_HOME", cache}}};
    Target target({STACKS_TARGET, "inlined"});
    ASSERT_EQ(target.process().read_until("ready"), "ready");
    ASSERT_TRUE(target.ready());
    // The same way each time: which one was taken stands in the text.
    const std::vector<std::string> command = {"stack", target.pid_text(), "name=victim",
                                              "--passive"};
    const CliResult first = run_cli(command, options);
    const CliResult second = run_cli(command, options);
    EXPECT_EQ(first.out, second.out);
    const auto places = cache / "threadfault" / "places";
    EXPECT_FALSE(std::filesystem::is_empty(places));
    // Garbage in it does no harm.
    for (const auto& file : std::filesystem::directory_iterator(places))
        std::ofstream(file.path()) << "threadfault places 2\nzz\t\x01\n1534\tonly two\n";
    const CliResult third = run_cli(command, options);
    EXPECT_EQ(first.out, third.out);
    std::filesystem::remove_all(cache);
}

TEST(StackErrors, AreTold) {
    EXPECT_EQ(run_cli({"stack", "999999999"}).exit_code, 3);
    EXPECT_EQ(run_cli({"stack", "1", "--depth", "0"}).exit_code, 2);
    Target target({STACKS_TARGET, "inlined"});
    ASSERT_EQ(target.process().read_until("ready"), "ready");
    ASSERT_TRUE(target.ready());
    const CliResult nobody = run_cli({"stack", target.pid_text(), "name=nobody"});
    EXPECT_EQ(nobody.exit_code, 3) << nobody;
}

}  // namespace
}  // namespace threadfault::test
