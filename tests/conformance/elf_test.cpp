// What the shim asks of the loader and what it offers to it: libc alone, and the interposed names
// alone.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <set>
#include <sstream>
#include <string>

namespace {

std::string output_of(const std::string& command) {
    const auto close = [](FILE* file) { pclose(file); };
    const std::unique_ptr<FILE, decltype(close)> pipe(popen(command.c_str(), "re"), close);
    std::string text;
    std::array<char, 4096> buffer{};
    while (pipe && std::fgets(buffer.data(), buffer.size(), pipe.get()) != nullptr) {
        text += buffer.data();
    }
    return text;
}

// Names that a library defines for the dynamic loader; `nm` prints versions as name@@VERSION.
std::set<std::string> defined_names(const std::string& file) {
    std::set<std::string> names;
    std::istringstream lines(output_of("nm -D --defined-only '" + file + "'"));
    for (std::string address, type, name; lines >> address >> type >> name;) {
        names.insert(name.substr(0, name.find('@')));
    }
    return names;
}

class ShimFile : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Both, ShimFile, testing::Values(THREADFAULT_SHIM, THREADFAULT_POINTS_SHIM),
                         [](const auto& file) { return file.index == 0 ? "basic" : "points"; });

TEST_P(ShimFile, NeedsLibcAlone) {
    std::istringstream lines(output_of(std::string("readelf -dW '") + GetParam() + "'"));
    std::set<std::string> needed;
    for (std::string line; std::getline(lines, line);) {
        if (line.find("(NEEDED)") == std::string::npos) continue;
        const auto begin = line.find('[') + 1;
        needed.insert(line.substr(begin, line.find(']') - begin));
    }
    EXPECT_EQ(std::set<std::string>{"libc.so.6"}, needed);
}

// Every name that is defined dynamically must be one of libc's own: something that we stand in
// front of.
TEST_P(ShimFile, DefinesWhatItInterposesAlone) {
    const std::set<std::string> libc = defined_names(THREADFAULT_LIBC);
    ASSERT_TRUE(libc.count("pthread_create")) << "can't read " THREADFAULT_LIBC;
    const std::set<std::string> ours = defined_names(GetParam());
    for (const std::string& name : ours)
        EXPECT_TRUE(libc.count(name)) << name << " is not libc's";
    EXPECT_GT(ours.size(), 10U);
}

// Hot calls belong to the points library: nobody pays for what he does not use.
TEST(BasicShimFile, LeavesHotCallsAlone) {
    const std::set<std::string> ours = defined_names(THREADFAULT_SHIM);
    for (const char* name : {"pthread_mutex_lock", "pthread_mutex_unlock", "read", "write",
                             "malloc", "free", "pthread_cond_wait", "pthread_join", "poll"}) {
        EXPECT_FALSE(ours.count(name)) << name;
    }
}

// The points library is the basic shim and more.
TEST(PointsFile, DefinesAllThatTheBasicShimDoes) {
    const std::set<std::string> points = defined_names(THREADFAULT_POINTS_SHIM);
    for (const std::string& name : defined_names(THREADFAULT_SHIM))
        EXPECT_TRUE(points.count(name)) << name;
    EXPECT_TRUE(points.count("pthread_mutex_lock"));
    EXPECT_TRUE(points.count("__read_chk"));
}

// Every call of the table is one that the library stands in front of.
TEST(PointsFile, DefinesEveryCallOfTheTable) {
    const std::set<std::string> points = defined_names(THREADFAULT_POINTS_SHIM);
    for (const char* name : {
#define THREADFAULT_CALL(name, ...) #name,
#include "inject/calls.def"
#undef THREADFAULT_CALL
         }) {
        // The one that is no call: the shim passes it on every thread's way to its start routine.
        if (std::string_view(name) == "thread_start") continue;
        EXPECT_TRUE(points.count(name)) << name;
    }
}

TEST_P(ShimFile, BindsAtLoadTime) {
    // Lazy binding would run the loader's resolver inside a signal handler.
    const std::string dynamic = output_of(std::string("readelf -dW '") + GetParam() + "'");
    EXPECT_NE(std::string::npos, dynamic.find("NOW"));
}

TEST_P(ShimFile, UsesStaticThreadLocalStorage) {
    // A dynamic model would call __tls_get_addr, which may allocate inside a handler.
    const std::string undefined =
        output_of(std::string("nm -D --undefined-only '") + GetParam() + "'");
    EXPECT_EQ(std::string::npos, undefined.find("__tls_get_addr"));
}

}  // namespace
