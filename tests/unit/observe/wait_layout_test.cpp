// The texts of /proc/<pid>/task/<tid>/syscall and glibc objects as they look with a thread blocked
// in them, laid out word by word: what is told of each, and of the same with one word wrong.
#include "arch/code.hpp"
#include "arch/descriptor.hpp"
#include "format/format.hpp"
#include "observe/wait_object.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <map>

namespace threadfault::observe {
namespace {

constexpr std::uint32_t kOwner = 4242;

struct Case {
    const char* name;
    int futex_offset;  // of the word waited on, in the object
    std::uint32_t operation;
    std::uint32_t value;
    std::map<int, std::uint32_t> words;  // by offset in the object; the others are 0
    WaitKind kind;
    bool has_owner = false;
    bool has_timeout = false;
    bool by_cancellation_point = false;  // of glibc 2.41's kind
};

// How __syscall_cancel_arch makes the call.
constexpr auto kCancelArch = arch::kEndOfCancelArch;

// FUTEX_WAIT 0, WAIT_BITSET 9, LOCK_PI 6, LOCK_PI2 13; 0x80 private, 0x100 CLOCK_REALTIME.
const Case kCases[] = {
    {"mutex", 0, 0x80, 2, {{0, 2}, {8, kOwner}, {12, 1}}, WaitKind::mutex, true},
    {"recursive mutex",
     0,
     0x80,
     2,
     {{0, 2}, {4, 3}, {8, kOwner}, {12, 1}, {16, 1}},
     WaitKind::mutex,
     true},
    {"timed mutex", 0, 0x189, 2, {{0, 2}, {8, kOwner}, {12, 1}}, WaitKind::mutex, true, true},
    {"shared mutex", 0, 0, 2, {{0, 2}, {8, kOwner}, {12, 1}, {16, 0x80}}, WaitKind::mutex, true},
    {"robust mutex",
     0,
     0,
     0x80000000 | kOwner,
     {{0, 0x80000000 | kOwner}, {8, kOwner}, {12, 1}, {16, 0x90}, {24, 1}, {32, 1}},
     WaitKind::mutex,
     true},
    {"inheriting mutex",
     0,
     0x86,
     0,
     {{0, 0x80000000 | kOwner}, {8, kOwner}, {12, 1}, {16, 0x20}},
     WaitKind::mutex,
     true},
    {"protecting mutex",
     0,
     0x80,
     (10U << 19) | 2,
     {{0, (10U << 19) | 2}, {8, kOwner}, {12, 1}, {16, 0x40}},
     WaitKind::mutex,
     true},
    {"mutex that nobody owns", 0, 0x80, 2, {{0, 2}, {12, 1}}, WaitKind::futex},
    {"mutex of no known type",
     0,
     0x80,
     2,
     {{0, 2}, {8, kOwner}, {12, 1}, {16, 99}},
     WaitKind::futex},
    {"inheriting lock of others", 0, 0x86, 0, {{0, kOwner}, {16, 77}}, WaitKind::futex, true},
    {"reader", 8, 0x189, 3, {{0, 11}, {8, 3}, {12, 1}, {24, kOwner}}, WaitKind::rwlock, true},
    {"writer",
     12,
     0x189,
     3,
     {{0, 3}, {4, 1}, {8, 1}, {12, 3}, {24, kOwner}},
     WaitKind::rwlock,
     true},
    {"first writer", 8, 0x189, 2, {{0, 10}, {8, 2}, {12, 1}}, WaitKind::rwlock},
    {"first writer without readers", 8, 0x189, 2, {{0, 2}, {8, 2}, {12, 1}}, WaitKind::futex},
    {"condition, group 0", 40, 0x189, 0, {{0, 3}, {16, 2}, {36, 8}}, WaitKind::cond},
    {"condition, group 1", 44, 0x189, 0, {{0, 2}, {20, 2}, {36, 8}}, WaitKind::cond},
    {"condition of 2.41, group 0",
     32,
     0x189,
     0,
     {{0, 3}, {28, 8}},
     WaitKind::cond,
     false,
     false,
     true},
    {"condition of 2.41, group 1",
     36,
     0x189,
     5,
     {{0, 16}, {8, 6}, {20, 1}, {28, 8}, {36, 5}},
     WaitKind::cond,
     false,
     false,
     true},
    {"condition of 2.41 with a signal left",
     36,
     0x189,
     7,
     {{0, 16}, {8, 6}, {20, 1}, {28, 8}, {36, 7}},
     WaitKind::futex,
     false,
     false,
     true},
    // Else the words of its other group may be taken for a semaphore's waiters.
    {"condition of 2.41, which could be a semaphore",
     32,
     0x189,
     0,
     {{0, 16}, {8, 6}, {20, 1}, {28, 8}, {36, 5}},
     WaitKind::futex,
     false,
     false,
     true},
    {"condition of 2.41, not at a cancellation point",
     36,
     0x189,
     5,
     {{0, 16}, {8, 6}, {20, 1}, {28, 8}, {36, 5}},
     WaitKind::futex},
    {"condition without waiters", 40, 0x189, 0, {{0, 3}, {16, 2}}, WaitKind::futex},
    {"semaphore", 0, 0x189, 0, {{4, 1}}, WaitKind::sem},
    {"shared semaphore", 0, 0x109, 0, {{4, 1}, {8, 128}}, WaitKind::sem},
    {"semaphore without waiters", 0, 0x189, 0, {}, WaitKind::futex},
    {"barrier", 4, 0x80, 0, {{0, 1}, {8, 3}}, WaitKind::barrier},
    {"barrier that is full", 4, 0x80, 0, {{0, 3}, {8, 3}}, WaitKind::futex},
    {"word of zeros", 0, 0x80, 0, {}, WaitKind::futex},
};

class Layouts : public testing::TestWithParam<Case> {};

TEST_P(Layouts, AreRecognised) {
    const Case& one = GetParam();
    // The object stands in the middle: what is around it must not matter.
    alignas(64) std::array<std::uint32_t, 64> memory{};
    constexpr std::size_t kBegin = 24;
    for (const auto& [offset, word] : one.words)
        memory[kBegin + static_cast<std::size_t>(offset) / 4] = word;
    const auto object = reinterpret_cast<std::uint64_t>(&memory[kBegin]);
    const std::uint64_t word = object + static_cast<std::uint64_t>(one.futex_offset);
    const auto behind = reinterpret_cast<std::uint64_t>(kCancelArch.data() + kCancelArch.size());
    const std::string text =
        formatted("{} {:#x} {:#x} {:#x} {:#x} 0x0 0xffffffff 0x7ffd0000 {:#x}\n", SYS_futex, word,
                  one.operation, one.value, one.has_timeout ? 0x7ffd1000 : 0,
                  one.by_cancellation_point ? behind : 0x1000);
    const auto call = parse_task_syscall(text);
    ASSERT_TRUE(call) << text;
    const auto seen = classify_wait(*call, Memory(getpid()));
    ASSERT_TRUE(seen);
    EXPECT_EQ(to_string(one.kind), to_string(seen->kind));
    EXPECT_EQ(one.kind == WaitKind::futex ? word : object, seen->address);
    EXPECT_EQ(one.has_owner ? pid_t{kOwner} : 0, seen->owner_tid.value_or(0));
}

INSTANTIATE_TEST_SUITE_P(WaitObject, Layouts, testing::ValuesIn(kCases), [](const auto& info) {
    std::string name = info.param.name;
    for (char& c : name)
        if (!isalnum(static_cast<unsigned char>(c))) c = '_';
    return name;
});

// struct pthread as it looks to who joins it: what is waited for, and its value, differ.
WaitObject seen_of_join(std::size_t offset, std::uint32_t value) {
    alignas(64) static std::array<std::uint32_t, 600> thread;
    thread.fill(0);
    const auto start = reinterpret_cast<std::uint64_t>(thread.data());
    constexpr std::size_t kTid = arch::kTidInDescriptor;
    const auto put = [&](std::size_t at, std::uint64_t address) {
        thread[at / 4] = static_cast<std::uint32_t>(address);
        thread[at / 4 + 1] = static_cast<std::uint32_t>(address >> 32);
    };
    for (const std::size_t own : {0, 16})  // tcbhead_t: tcb, self
        put(own, start);
    for (const std::size_t link : {kTid - 16, kTid - 8})
        put(link, start + kTid - 16);
    thread[kTid / 4] = kOwner;
    thread[offset / 4] = value;
    const auto call =
        parse_task_syscall(formatted("{} {:#x} 0x109 {:#x} 0x0 0x0 0xffffffff 0x7ffd0000 0x1000\n",
                                     SYS_futex, start + offset, value));
    WaitObject seen = classify_wait(*call, Memory(getpid())).value_or(WaitObject());
    seen.address -= start;
    return seen;
}

TEST(WaitObjectOfJoin, IsOwnedByTheJoinee) {
    const WaitObject by_tid = seen_of_join(arch::kTidInDescriptor, kOwner);
    EXPECT_EQ(by_tid.kind, WaitKind::join);
    EXPECT_EQ(by_tid.address, 0U);
    EXPECT_EQ(by_tid.owner_tid, pid_t{kOwner});
    // From glibc 2.43 on; elsewhere only the call says that it is a join.
    if (!arch::kDescriptorNamesItself) return;
    const WaitObject by_state = seen_of_join(1576, 2);
    EXPECT_EQ(by_state.kind, WaitKind::join);
    EXPECT_EQ(by_state.address, 0U);
    EXPECT_EQ(by_state.owner_tid, pid_t{kOwner});
}

}  // namespace
}  // namespace threadfault::observe
