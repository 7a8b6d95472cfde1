// Lines from debug information that compilers lay out differently, or a sentence that says why not.
#include "look.hpp"
#include "support/eventually.hpp"
#include "support/process.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <string>

namespace threadfault::test {
namespace {

class DebugInformation : public testing::TestWithParam<const char*> {
protected:
    static std::string program() { return std::string(HANDLER_KINDS_DIRECTORY) + "/" + GetParam(); }
    void SetUp() override {
        if (access(program().c_str(), X_OK) != 0) GTEST_SKIP() << program() << " is not built";
        process_.emplace(std::vector<std::string>{program()});
        ASSERT_EQ(process_->read_until("ready"), "ready") << process_->errors();
    }
    // "function file:line" of every frame, once the thread sleeps.
    Seen worker() {
        Seen seen;
        eventually([&] {
            seen = look(std::to_string(process_->pid()), {"name=worker"});
            return seen.has("nanosleep");
        });
        return seen;
    }
    std::optional<Process> process_;
};

bool stands_at(const Seen& seen, const std::string& function, const std::string& file, int line) {
    for (const nlohmann::json& frame : seen.thread["frames"]) {
        if (!frame["function"].is_string() || !frame["file"].is_string()) continue;
        const std::string name = frame["function"];
        const std::string path = frame["file"];
        if (name.starts_with(function) && path.ends_with(file) && frame["line"] == line) {
            return true;
        }
    }
    return false;
}

TEST_P(DebugInformation, GivesTheLines) {
    const Seen seen = worker();
    if (std::string(GetParam()) == "chain-static") {
        const std::string reason = seen.thread.value("reason", "");
        EXPECT_NE(reason.find("has no search table for its unwind information"), std::string::npos)
            << seen;
        return;
    }
    EXPECT_TRUE(stands_at(seen, "inner", "chain_inner.cpp", 8)) << seen;
    EXPECT_TRUE(stands_at(seen, "outer", "chain_outer.cpp", 13)) << seen;
    EXPECT_TRUE(stands_at(seen, "worker", "chain_outer.cpp", 19)) << seen;
}
INSTANTIATE_TEST_SUITE_P(Of, DebugInformation,
                         testing::Values("chain-clang", "chain-lto", "chain-static"),
                         [](const auto& info) { return std::string(info.param).substr(6); });

}  // namespace
}  // namespace threadfault::test
