// The four levels of yama's ptrace_scope, which few kernels of test machines have.
#include "drive/programs/tracing_rights.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace threadfault::drive {
namespace {

class Scope {
public:
    explicit Scope(const std::string& content)
        : path_(std::filesystem::temp_directory_path() /
                ("threadfault-scope-" + std::to_string(getpid()))) {
        std::ofstream(path_) << content;
    }
    ~Scope() { std::filesystem::remove(path_); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    std::optional<int> read() const { return own_tracing_rights(path_.string()).yama_scope; }

private:
    std::filesystem::path path_;
};

TEST(TracingRights, AreReadFromTheKernelsFile) {
    for (int level = 0; level <= 3; ++level)
        EXPECT_EQ(Scope(std::to_string(level) + "\n").read(), level);
    EXPECT_EQ(Scope("").read(), std::nullopt);
    EXPECT_EQ(own_tracing_rights("/nonexistent/ptrace_scope").yama_scope, std::nullopt);
    EXPECT_EQ(own_tracing_rights().root, geteuid() == 0);
}

std::string advice(std::optional<int> scope, bool capable, bool root = false, bool inner = false) {
    return advice_on_tracing({scope, root, capable, inner}, "user daemon");
}

bool begins(const std::string& text, const std::string& with) {
    return text.substr(0, with.size()) == with;
}

TEST(TracingRights, WhatToDoOnEachLevel) {
    for (const std::optional<int> scope : {std::optional<int>(), std::optional(0)}) {
        EXPECT_TRUE(begins(advice(scope, false), "it belongs to user daemon"));
        EXPECT_TRUE(begins(advice(scope, true, true), "it belongs to user daemon"));
    }
    EXPECT_TRUE(begins(advice(1, false), "ptrace_scope is 1: it takes root"));
    EXPECT_NE(advice(1, false).find("sysctl kernel.yama.ptrace_scope=0"), std::string::npos);
    EXPECT_TRUE(begins(advice(2, false), "ptrace_scope is 2: it takes root"));
    EXPECT_EQ(advice(2, false).find("sysctl"), std::string::npos) << "it takes root to change it";
    // Not even root may, so that it is nothing that root could do.
    for (const bool capable : {false, true})
        EXPECT_TRUE(begins(advice(3, capable, capable), "ptrace_scope is 3: no process"));
    // The capability is all that the first two ask for.
    for (const int scope : {1, 2})
        EXPECT_TRUE(begins(advice(scope, true, true), "it belongs to user daemon"));
}

TEST(TracingRights, RootThatIsNone) {
    for (const int scope : {0, 1, 2})
        EXPECT_TRUE(begins(advice(scope, false, true), "root without CAP_SYS_PTRACE"));
    EXPECT_TRUE(begins(advice(1, true, true, true), "root of a user namespace"));
}

TEST(TracingRights, TheOutlook) {
    const auto outlook = [](std::optional<int> scope, bool capable, bool root) {
        return outlook_on_tracing({scope, root, capable, false});
    };
    EXPECT_EQ(outlook({}, false, false).detail, "your own processes can be inspected");
    EXPECT_EQ(outlook(0, false, false).hint, "");
    EXPECT_EQ(outlook(2, true, true).detail, "root can inspect every process");
    EXPECT_EQ(outlook(0, false, true).detail,
              "root without CAP_SYS_PTRACE can inspect its own processes");
    for (const int scope : {1, 2}) {
        EXPECT_EQ(outlook(scope, false, false).detail,
                  "kernel.yama.ptrace_scope is " + std::to_string(scope));
        EXPECT_TRUE(begins(outlook(scope, false, true).hint, "only root"));
    }
    EXPECT_TRUE(begins(outlook(3, true, true).hint, "nobody"));
}

}  // namespace
}  // namespace threadfault::drive
