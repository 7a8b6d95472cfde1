// What a seccomp filter would say to a call, asked without making it.
#include "attach/filter.hpp"
#include "support/filter_code.hpp"

#include <gtest/gtest.h>

#include <linux/audit.h>
#include <sys/syscall.h>

namespace threadfault::attach {
namespace {

seccomp_data call_of(long number, std::uint64_t first = 0) {
    seccomp_data call{};
    call.nr = static_cast<int>(number);
    call.arch = AUDIT_ARCH_X86_64;
    call.args[0] = first;
    return call;
}

TEST(Filter, ListsOfCalls) {
    const auto allows =
        test::filter_code({SYS_read, SYS_futex}, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS);
    EXPECT_TRUE(filter_allows(allows, call_of(SYS_futex)));
    EXPECT_FALSE(filter_allows(allows, call_of(SYS_mmap)));
    const auto forbids = test::filter_code({SYS_futex}, SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ALLOW);
    EXPECT_FALSE(filter_allows(forbids, call_of(SYS_futex)));
    EXPECT_TRUE(filter_allows(forbids, call_of(SYS_mmap)));
    EXPECT_TRUE(
        filter_allows(test::filter_code({}, SECCOMP_RET_LOG, SECCOMP_RET_LOG), call_of(SYS_mmap)));
    EXPECT_FALSE(filter_allows(test::filter_code({}, SECCOMP_RET_TRACE, SECCOMP_RET_TRACE),
                               call_of(SYS_mmap)));
}

TEST(Filter, ArithmeticMemoryAndJumps) {
    // Allows a call whose first argument, masked, shifted, added to and kept, is 0x35 or more.
    const sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
        BPF_STMT(BPF_ST, 3),
        BPF_STMT(BPF_LDX | BPF_W | BPF_MEM, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_IMM, 0x30),
        BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_MISC | BPF_TXA, 0),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x35, 0, 2),
        BPF_STMT(BPF_JMP | BPF_JA, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
    };
    EXPECT_TRUE(filter_allows(code, call_of(0, 0xa50)));
    EXPECT_TRUE(filter_allows(code, call_of(0, 0xff)));
    EXPECT_FALSE(filter_allows(code, call_of(0, 0x4f)));
}

TEST(Filter, WhatIsNoProgramAllowsNothing) {
    EXPECT_FALSE(filter_allows({}, call_of(0)));
    const sock_filter beyond[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64),
                                  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    EXPECT_FALSE(filter_allows(beyond, call_of(0)));
    const sock_filter out[] = {BPF_STMT(BPF_JMP | BPF_JA, 5),
                               BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    EXPECT_FALSE(filter_allows(out, call_of(0)));
    const sock_filter divides[] = {BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
                                   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    EXPECT_FALSE(filter_allows(divides, call_of(0)));
}

}  // namespace
}  // namespace threadfault::attach
