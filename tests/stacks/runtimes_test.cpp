// `stack` on what is not C++: plain C, and runtimes that make code as they run. There it shows the
// frames up to the generated code, and as many behind it as can be told; and the program goes on.
#include "look.hpp"
#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace threadfault::test {
namespace {

using Json = nlohmann::json;

// How the stacks are taken: by the threads themselves, or from outside.
class Runtime : public testing::TestWithParam<std::string> {
protected:
    Seen look_at(const Target& target, std::vector<std::string> more = {}) const {
        if (GetParam() == "agent") more.emplace_back("--by-signal");
        Seen seen = look(target.pid_text(), more);
        EXPECT_EQ(seen.result.exit_code, 0) << seen;
        return seen;
    }

    // Once the thread is there: it has said that it is ready a moment before.
    Seen look_until(const Target& target, const std::string& thread,
                    const std::string& function) const {
        Seen seen;
        EXPECT_TRUE(eventually([&] {
            seen = look_at(target, {thread});
            return seen.has(function) || HasFailure();
        })) << seen;
        return seen;
    }

    // A thread of which a frame lies in no file.
    Json thread_in_generated_code(const Target& target, const std::string& name = "*") const {
        Json found;
        Seen seen;
        eventually([&] {
            seen = look_at(target, {"name=" + name});
            for (const Json& thread : seen.result.json.value("threads", Json::array())) {
                for (const Json& frame : thread["frames"]) {
                    if (frame["module"].is_null()) found = thread;
                }
            }
            return found.is_object() || HasFailure();
        });
        EXPECT_TRUE(found.is_object()) << seen;
        return found;
    }
};

TEST_P(Runtime, PlainC) {
    Target target({PLAIN_C});
    ASSERT_EQ(target.process().read_until("ready"), "ready");
    ASSERT_TRUE(target.ready());
    const Seen seen = look_until(target, "name=victim", "inner");
    std::vector<std::string> own;
    for (const Json& frame : seen.thread["frames"]) {
        if (frame["file"].is_string() && std::string(frame["file"]).ends_with("plain.c")) {
            own.push_back(frame["function"]);
            EXPECT_GT(frame["line"], 0) << seen;
        }
    }
    EXPECT_EQ(own, (std::vector<std::string>{"inner", "outer", "victim"})) << seen;
    EXPECT_TRUE(seen.reaches_the_start()) << seen;
    const Seen main = look_at(target, {"main"});
    EXPECT_TRUE(main.has("wait_for_input")) << main;
    EXPECT_TRUE(main.has("main")) << main;
    EXPECT_TRUE(main.has("__libc_start")) << main;
}

TEST_P(Runtime, Node) {
    if (!installed("node")) GTEST_SKIP() << "node is not installed";
    Target target({"node", "-e", R"(
const fs = require("fs");
const { Worker } = require("worker_threads");
new Worker("let i = 0; function spin() { for (let j = 0; j < 1e6; j++) i += j % 7; }" +
           "for (;;) spin();", { eval: true });
const byte = Buffer.alloc(1);
function deeper(left) { return left === 0 ? fs.readSync(0, byte, 0, 1) : deeper(left - 1); }
setTimeout(() => {
    console.log("ready");
    while (deeper(5) === 1) console.log("read");
    process.exit(0);
}, 1);
)"});
    ASSERT_EQ(target.process().read_until("ready", 2 * kPatience), "ready")
        << target.process().errors();
    ASSERT_TRUE(target.ready());
    const Json spinner = thread_in_generated_code(target);
    ASSERT_TRUE(spinner.is_object());
    EXPECT_LT(spinner["frames"].size(), 200U) << spinner;
    const Seen main = look_until(target, "main", "read");
    EXPECT_TRUE(main.has("node::")) << "down to where the script begins: " << main;
    EXPECT_LT(main.functions.size(), 200U) << main;
    EXPECT_EQ(target.ask("", "read"), "read") << "it goes on";
}

TEST_P(Runtime, Java) {
    if (!installed("java")) GTEST_SKIP() << "java is not installed";
    const std::filesystem::path directory =
        std::filesystem::path(testing::TempDir()) / ("java" + std::to_string(getpid()));
    std::filesystem::create_directories(directory);
    std::ofstream(directory / "Spin.java") << R"(
class Spin {
    static int deeper(int left) throws Exception {
        return left == 0 ? System.in.read() : deeper(left - 1);
    }
    public static void main(String[] arguments) throws Exception {
        Thread spinner = new Thread(() -> {
            long i = 0;
            while (true) { i += Math.sqrt(i) > 3 ? 1 : 2; if (i == -1) System.out.println(i); }
        }, "spinner");
        spinner.setDaemon(true);
        spinner.start();
        System.out.println("ready");
        while (deeper(5) != -1) System.out.println("read");
    }
}
)";
    Target target({"java", "-Xmx64m", directory / "Spin.java"});
    const auto ready = target.process().read_until("ready", 2 * kPatience);
    std::filesystem::remove_all(directory);
    if (ready != "ready")
        GTEST_SKIP() << "java does not run source files here: " << target.process().errors();
    ASSERT_TRUE(target.ready());
    const Json spinner = thread_in_generated_code(target, "spinner");
    ASSERT_TRUE(spinner.is_object());
    EXPECT_LT(spinner["frames"].size(), 200U) << spinner;
    // The frames above the generated code are there.
    const Seen reader = look_until(target, "name=java,start=*ThreadJavaMain*", "read");
    const auto has_frame = [&reader](const Json& module) {
        const Json& frames = reader.thread["frames"];
        return std::any_of(frames.begin(), frames.end(),
                           [&](const Json& frame) { return frame["module"] == module; });
    };
    EXPECT_TRUE(has_frame("libjava.so")) << reader;
    EXPECT_TRUE(has_frame(nullptr)) << reader;
    EXPECT_EQ(target.ask("", "read"), "read") << "it goes on";
}

INSTANTIATE_TEST_SUITE_P(Via, Runtime, testing::Values("agent", "ptrace"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace threadfault::test
