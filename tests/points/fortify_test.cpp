// Programs that were compiled with _FORTIFY_SOURCE make other calls than their source says.
#include "run_target.hpp"

#include <gtest/gtest.h>

namespace threadfault::test {
namespace {

std::string told_by(const std::string& count, const std::vector<std::string>& specs) {
    Process process({FORTIFIED_TARGET, count}, injecting(specs));
    const auto exit = process.wait();
    return exit && exit->code == 0 ? process.output() : "it did not end well";
}

// Otherwise the rest proves nothing.
TEST(Fortified, TheTargetMakesTheCheckedCalls) {
    Process nm({"nm", "-D", "--undefined-only", FORTIFIED_TARGET});
    const auto exit = nm.wait();
    ASSERT_TRUE(exit && exit->code == 0) << nm.errors();
    for (const char* name : {" __read_chk@", " __recv_chk@"})
        EXPECT_NE(nm.output().find(name), std::string::npos) << name;
    for (const char* name : {" read@", " recv@"})
        EXPECT_EQ(nm.output().find(name), std::string::npos) << name;
}

TEST(Fortified, CallsAreCountedAndInjected) {
    EXPECT_EQ("reads 5 recvs 5 bytes 10\n", told_by("5", {}));
    EXPECT_EQ("read hit 2 4\nreads 5 recvs 5 bytes 9\n", told_by("5", {"read:error=EINTR:when=2"}));
    EXPECT_EQ("recv hit 3 104\nrecv hit 5 104\nreads 6 recvs 6 bytes 10\n",
              told_by("6", {"recv:error=ECONNRESET:when=3+2"}));
    // Counted together, in the order in which they are made.
    EXPECT_EQ("recv hit 1 4\nread hit 2 4\nreads 3 recvs 3 bytes 4\n",
              told_by("3", {"read,recv:interrupt:when=2..3"}));
}

}  // namespace
}  // namespace threadfault::test
