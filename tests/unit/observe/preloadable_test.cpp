#include "observe/preloadable.hpp"

#include <elf.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace threadfault::observe {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kNobody = 65534;

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

    std::string copy_of_shell(const std::string& name) {
        const fs::path copy = directory_ / name;
        fs::copy_file(fs::canonical("/bin/sh"), copy);
        return copy.string();
    }

    // What another user is told.
    Preloadable check_as_nobody(const std::string& path) {
        fs::permissions(directory_, fs::perms(0755));
        const pid_t child = fork();
        if (child == 0) {
            if (setgroups(0, nullptr) != 0 || setgid(kNobody) != 0 || setuid(kNobody) != 0)
                _exit(255);
            _exit(static_cast<int>(check_program(path).verdict));
        }
        int status = 0;
        waitpid(child, &status, 0);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) != 255) << status;
        return static_cast<Preloadable>(WEXITSTATUS(status));
    }

    fs::path directory_;
};

// PATH for one scope.
class PathVariable {
public:
    explicit PathVariable(const std::string& value) : before_(getenv("PATH")) {
        setenv("PATH", value.c_str(), 1);
    }
    ~PathVariable() { setenv("PATH", before_.c_str(), 1); }
    PathVariable(const PathVariable&) = delete;
    PathVariable& operator=(const PathVariable&) = delete;

private:
    std::string before_;
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

// A directory and a file without permission do not end the search; what comes first wins.
TEST_F(Preload, PathIsSearchedAsExecvpDoes) {
    for (const char* name : {"first", "second", "third"})
        fs::create_directory(directory_ / name);
    fs::create_directory(directory_ / "first" / "tool");
    write("second/tool", "#!/bin/sh\n", 0644);
    const std::string path = (directory_ / "first").string() + ":" +
                             (directory_ / "second").string() + ":" +
                             (directory_ / "third").string();
    const PathVariable variable(path);
    EXPECT_EQ(Preloadable::not_executable, check_program("tool").verdict);
    EXPECT_EQ((directory_ / "first" / "tool").string(), check_program("tool").path);
    const std::string tool = write("third/tool", "#!/bin/sh\n");
    const ProgramCheck check = check_program("tool");
    EXPECT_EQ(Preloadable::yes, check.verdict) << check.reason;
    EXPECT_EQ(tool, check.interpreter_script);
    EXPECT_EQ(Preloadable::not_found, check_program("").verdict);
}

TEST_F(Preload, AnEmptyPathEntryIsTheWorkingDirectory) {
    write("tool-of-the-test", "#!/bin/sh\n");
    const fs::path before = fs::current_path();
    fs::current_path(directory_);
    {
        const PathVariable variable("/nowhere:");
        EXPECT_EQ("./tool-of-the-test", check_program("tool-of-the-test").interpreter_script);
    }
    fs::current_path(before);
}

TEST_F(Preload, AStaticProgramCannot) {
    const ProgramCheck check = check_program(STATIC_PROGRAM);
    EXPECT_EQ(Preloadable::static_program, check.verdict);
    EXPECT_NE("", check.reason);
    const ProgramCheck script = check_program(write("script", "#!" STATIC_PROGRAM "\n"));
    EXPECT_EQ(Preloadable::static_program, script.verdict);
    EXPECT_EQ(STATIC_PROGRAM, script.path);
}

TEST_F(Preload, AddressSanitizerMustComeFirst) {
    const ProgramCheck check = check_program(ASAN_PROGRAM);
    EXPECT_EQ(Preloadable::yes, check.verdict) << check.reason;
    ASSERT_EQ(1U, check.sanitizer_runtimes.size());
    EXPECT_EQ(0U, check.sanitizer_runtimes.front().rfind("libasan.so", 0));
}

TEST_F(Preload, ScriptsAreTheirInterpreters) {
    const ProgramCheck check = check_program(write("script", "#! /bin/sh -e\necho\n"));
    EXPECT_EQ(Preloadable::yes, check.verdict) << check.reason;
    EXPECT_EQ("/bin/sh", check.path);
    EXPECT_NE("", check.interpreter_script);
    const ProgramCheck orphan = check_program(write("orphan", "#!/no/such/interpreter\n"));
    EXPECT_EQ(Preloadable::not_found, orphan.verdict);
    EXPECT_NE(std::string::npos, orphan.reason.find("/no/such/interpreter")) << orphan.reason;
}

TEST_F(Preload, ScriptsOfScriptsEnd) {
    const std::string inner = write("inner", "#!/bin/sh\n");
    EXPECT_EQ("/bin/sh", check_program(write("outer", "#!" + inner + "\n")).path);
    const std::string self = (directory_ / "self").string();
    EXPECT_EQ(Preloadable::not_executable,
              check_program(write("self", "#!" + self + "\n")).verdict);
}

TEST_F(Preload, WhatCannotBeExecutedIsSaid) {
    EXPECT_EQ(Preloadable::not_executable, check_program(write("plain", "x", 0644)).verdict);
    EXPECT_EQ(Preloadable::not_executable, check_program(directory_.string()).verdict);
    EXPECT_EQ(Preloadable::not_elf, check_program(write("garbage", "garbage")).verdict);
    EXPECT_EQ(Preloadable::not_elf, check_program(write("empty", "")).verdict);
}

TEST_F(Preload, ASetUserIdProgramCannot) {
    if (getuid() != 0) GTEST_SKIP() << "needs root to make a file of another user";
    const std::string copy = copy_of_shell("setuid");
    ASSERT_EQ(0, chown(copy.c_str(), kNobody, kNobody));
    for (const mode_t mode : {04755U, 04111U, 02755U}) {
        ASSERT_EQ(0, chmod(copy.c_str(), mode));
        const ProgramCheck check = check_program(copy);
        EXPECT_EQ(Preloadable::setuid, check.verdict) << std::oct << mode;
        EXPECT_NE("", check.reason);
    }
    // Without execute permission for the group the bit means mandatory locking.
    ASSERT_EQ(0, chmod(copy.c_str(), 02745));
    EXPECT_EQ(Preloadable::yes, check_program(copy).verdict);
    // Nobody becomes somebody else by it.
    ASSERT_EQ(0, chown(copy.c_str(), 0, 0));
    ASSERT_EQ(0, chmod(copy.c_str(), 06755));
    EXPECT_EQ(Preloadable::yes, check_program(copy).verdict);
    EXPECT_EQ(Preloadable::setuid, check_as_nobody(copy));
}

TEST_F(Preload, AnUnreadableSetUserIdProgramCannot) {
    if (getuid() != 0) GTEST_SKIP() << "needs root to make a file of another user";
    const std::string copy = copy_of_shell("unreadable");
    ASSERT_EQ(0, chmod(copy.c_str(), 04711));
    EXPECT_EQ(Preloadable::setuid, check_as_nobody(copy));
    // Unreadable alone is no obstacle.
    ASSERT_EQ(0, chmod(copy.c_str(), 0711));
    EXPECT_EQ(Preloadable::yes, check_as_nobody(copy));
    ASSERT_EQ(0, chmod(copy.c_str(), 0700));
    EXPECT_EQ(Preloadable::not_executable, check_as_nobody(copy));
}

TEST_F(Preload, AProgramWithFileCapabilitiesCannot) {
    const std::string copy = copy_of_shell("capable");
    vfs_cap_data capabilities{};
    capabilities.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
    capabilities.data[0].permitted = 1U << CAP_NET_BIND_SERVICE;
    if (getuid() != 0 ||
        setxattr(copy.c_str(), "security.capability", &capabilities, XATTR_CAPS_SZ_2, 0) != 0)
        GTEST_SKIP() << "can't give file capabilities here";
    EXPECT_EQ(Preloadable::setuid, check_as_nobody(copy));
    EXPECT_EQ(Preloadable::yes, check_program(copy).verdict);  // root has them already
}

TEST_F(Preload, AnotherMachineOrLibcCannot) {
    // A copy of a real program with one field of its header changed.
    std::ifstream original("/bin/sh", std::ios::binary);
    std::string image((std::istreambuf_iterator<char>(original)), {});
    std::string other_machine = image;
    other_machine[18] = EM_SPARCV9;  // e_machine
    EXPECT_EQ(Preloadable::other_machine, check_program(write("sparc", other_machine)).verdict);
    std::string other_libc = image;
    const std::size_t at = other_libc.find("/ld-linux-");
    ASSERT_NE(std::string::npos, at);
    // As long as ld-linux-x86-64.so.2 is, and no longer than ld-linux-aarch64.so.1.
    const std::string loader = "ld-musl-x86_64.so.12";
    other_libc.replace(at + 1, loader.size(), loader);
    EXPECT_EQ(Preloadable::other_libc, check_program(write("musl", other_libc)).verdict);
}

}  // namespace
}  // namespace threadfault::observe
