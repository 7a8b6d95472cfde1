#include "observe/preloadable.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace threadfault::observe {
namespace {

namespace fs = std::filesystem;

class Preload : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "preloadable-XXXXXX";
        ASSERT_NE(nullptr, mkdtemp(pattern.data()));
        directory_ = pattern;
    }
    void TearDown() override { fs::remove_all(directory_); }

    std::string write(const std::string& name, const std::string& text, mode_t mode = 0755) {
        const std::string path = (directory_ / name).string();
        std::ofstream(path) << text;
        chmod(path.c_str(), mode);
        return path;
    }

    fs::path directory_;
};

TEST_F(Preload, AnOrdinaryProgramCan) {
    const ProgramCheck check = check_program("/bin/sh");
    EXPECT_EQ(Preloadable::yes, check.verdict) << check.reason;
    EXPECT_EQ("", check.reason);
    EXPECT_TRUE(check.sanitizer_runtimes.empty());
}

TEST_F(Preload, NamesAreLookedUpInPath) {
    EXPECT_EQ(Preloadable::yes, check_program("sh").verdict);
    EXPECT_EQ(Preloadable::not_found, check_program("no-such-program-anywhere").verdict);
    EXPECT_EQ(Preloadable::not_found, check_program("/no/such/program").verdict);
}

TEST_F(Preload, ScriptsAreTheirInterpreters) {
    const ProgramCheck check = check_program(write("script", "#! /bin/sh -e\necho\n"));
    EXPECT_EQ(Preloadable::yes, check.verdict) << check.reason;
    EXPECT_EQ("/bin/sh", check.path);
    EXPECT_NE("", check.interpreter_script);
    EXPECT_EQ(Preloadable::not_found,
              check_program(write("orphan", "#!/no/such/interpreter\n")).verdict);
}

TEST_F(Preload, WhatCannotBeExecutedIsSaid) {
    EXPECT_EQ(Preloadable::not_executable, check_program(write("plain", "x", 0644)).verdict);
    EXPECT_EQ(Preloadable::not_executable, check_program(directory_.string()).verdict);
    EXPECT_EQ(Preloadable::not_elf, check_program(write("garbage", "garbage")).verdict);
    EXPECT_EQ(Preloadable::not_elf, check_program(write("empty", "")).verdict);
}

TEST_F(Preload, ASetUserIdProgramCannot) {
    if (getuid() != 0) GTEST_SKIP() << "needs root to make a file of another user";
    const fs::path copy = directory_ / "setuid";
    fs::copy_file(fs::canonical("/bin/sh"), copy);
    ASSERT_EQ(0, chown(copy.c_str(), 65534, 65534));
    ASSERT_EQ(0, chmod(copy.c_str(), 04755));
    const ProgramCheck check = check_program(copy.string());
    EXPECT_EQ(Preloadable::setuid, check.verdict);
    EXPECT_NE("", check.reason);
}

TEST_F(Preload, AnotherMachineOrLibcCannot) {
    // A copy of a real program with one field of its header changed.
    std::ifstream original("/bin/sh", std::ios::binary);
    std::string image((std::istreambuf_iterator<char>(original)), {});
    std::string other_machine = image;
    other_machine[18] = static_cast<char>(0xb7);  // e_machine: AArch64
    EXPECT_EQ(Preloadable::other_machine, check_program(write("arm", other_machine)).verdict);
    std::string other_libc = image;
    const std::string loader = "ld-linux-x86-64.so.2";
    const std::size_t at = other_libc.find("/" + loader);
    ASSERT_NE(std::string::npos, at);
    other_libc.replace(at + 1, loader.size(), "ld-musl-x86_64.so.12");
    EXPECT_EQ(Preloadable::other_libc, check_program(write("musl", other_libc)).verdict);
}

}  // namespace
}  // namespace threadfault::observe
