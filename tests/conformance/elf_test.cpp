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

TEST(ShimFile, NeedsLibcAlone) {
    std::istringstream lines(output_of("readelf -dW '" THREADFAULT_SHIM "'"));
    std::set<std::string> needed;
    for (std::string line; std::getline(lines, line);) {
        if (line.find("(NEEDED)") == std::string::npos) continue;
        const auto begin = line.find('[') + 1;
        needed.insert(line.substr(begin, line.find(']') - begin));
    }
    EXPECT_EQ(std::set<std::string>{"libc.so.6"}, needed);
}

// Every name that is defined dynamically must be one of libc's own: something that we stand in
// front of. `nm` prints versions as name@@VERSION.
TEST(ShimFile, DefinesWhatItInterposesAlone) {
    std::set<std::string> libc;
    std::istringstream all(output_of("nm -D --defined-only '" THREADFAULT_LIBC "'"));
    for (std::string address, type, name; all >> address >> type >> name;) {
        libc.insert(name.substr(0, name.find('@')));
    }
    ASSERT_TRUE(libc.count("pthread_create")) << "can't read " THREADFAULT_LIBC;
    std::istringstream ours(output_of("nm -D --defined-only '" THREADFAULT_SHIM "'"));
    int count = 0;
    for (std::string address, type, name; ours >> address >> type >> name; ++count) {
        EXPECT_TRUE(libc.count(name.substr(0, name.find('@')))) << name << " is not libc's";
    }
    EXPECT_GT(count, 10);
}

// Hot calls belong to the points library: nobody pays for what he does not use.
TEST(ShimFile, LeavesHotCallsAlone) {
    const std::string ours = output_of("nm -D --defined-only '" THREADFAULT_SHIM "'");
    for (const char* name : {" pthread_mutex_lock", " pthread_mutex_unlock", " read\n", " write\n",
                             " malloc", " free\n", " pthread_cond_wait"}) {
        EXPECT_EQ(std::string::npos, ours.find(name)) << name;
    }
}

TEST(ShimFile, BindsAtLoadTime) {
    // Lazy binding would run the loader's resolver inside a signal handler.
    const std::string dynamic = output_of("readelf -dW '" THREADFAULT_SHIM "'");
    EXPECT_NE(std::string::npos, dynamic.find("NOW"));
}

TEST(ShimFile, UsesStaticThreadLocalStorage) {
    // A dynamic model would call __tls_get_addr, which may allocate inside a handler.
    const std::string undefined = output_of("nm -D --undefined-only '" THREADFAULT_SHIM "'");
    EXPECT_EQ(std::string::npos, undefined.find("__tls_get_addr"));
}

}  // namespace
