// What the threads of a lock graph wait for, and where the objects lie.
#include "drive/locks/awaited.hpp"

#include "drive/locks/lock_places.hpp"
#include "drive/threads/thread_view.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

namespace threadfault::drive {
namespace {

TEST(Awaited, TellsTheLockAndTheChannelOfEachThread) {
    LockGraph graph;
    graph.locks.resize(2);
    graph.locks[0].waiters = {11, 12};
    graph.locks[1].waiters = {13};
    graph.channels.push_back({14, "read(5)", true});
    const Awaited awaited(graph);
    EXPECT_EQ(&graph.locks[0], awaited.lock(12));
    EXPECT_EQ(&graph.locks[1], awaited.lock(13));
    EXPECT_EQ(nullptr, awaited.lock(14));
    EXPECT_EQ(&graph.channels[0], awaited.channel(14));
    EXPECT_EQ(nullptr, awaited.channel(11));
}

ThreadView thread_with_stack_at(pid_t tid, const void* top) {
    ThreadView thread;
    thread.tid = tid;
    thread.syscall.emplace();
    thread.syscall->stack_pointer = reinterpret_cast<std::uint64_t>(top);
    return thread;
}

// Stacks that lie side by side in one mapping: an object belongs to the nearest top below it.
TEST(LockPlaces, TellsWhoseStackAnObjectLiesOn) {
    const std::array<char, 300> stack{};
    ThreadList list;
    list.threads.push_back(thread_with_stack_at(11, &stack[200]));
    list.threads.push_back(thread_with_stack_at(12, &stack[100]));
    const observe::Process self(getpid());
    observe::Symbols symbols(self);
    LockPlaces places(symbols, list);
    const auto place = [&](std::size_t at) {
        return places.of(reinterpret_cast<std::uint64_t>(&stack[at]));
    };
    EXPECT_EQ("stack of 12", place(150));
    EXPECT_EQ("stack of 11", place(250));
    // Below all tops nothing is in use.
    EXPECT_FALSE(place(50).starts_with("stack of")) << place(50);
    EXPECT_EQ("", places.of(1));
}

}  // namespace
}  // namespace threadfault::drive
