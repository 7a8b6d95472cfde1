// The request machine itself: slots, tickets, the pool's end.
#include "execute/slots.hpp"
#include "worker.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace {

using namespace threadfault::execute;

std::atomic<int> runs{0};
void count(void*) {
    ++runs;
}

std::int64_t soon() {
    return monotonic_ns() + 20 * kNanosecondsPerSecond;
}

class Core : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(tf_execute_on_tid(sys_gettid(), count, nullptr, nullptr), TF_EXECUTE_DONE);
        runs = 0;
    }
    void TearDown() override { EXPECT_EQ(slots_in_use(), 0U) << "a slot was lost"; }
    const pid_t pid_ = sys_getpid();
};

TEST_F(Core, LifeOfARequest) {
    DeafWorker worker;
    Ticket ticket;
    ASSERT_EQ(post_plain(pid_, worker.tid(), count, nullptr, &ticket), Post::posted);
    EXPECT_EQ(look(ticket), Phase::posted);
    EXPECT_EQ(wait(ticket, monotonic_ns() + 1'000'000), Phase::posted);
    EXPECT_EQ(wait_all(&ticket, 1, monotonic_ns() + 1'000'000), 1U);
    EXPECT_EQ(slots_in_use(), 1U);
    release(ticket);
    abandon(ticket);
    EXPECT_FALSE(leave(ticket));
    EXPECT_EQ(look(ticket), Phase::posted) << "none of these is for a posted request";
    worker.hear();
    EXPECT_EQ(wait(ticket, soon()), Phase::done);
    EXPECT_FALSE(revoke(ticket));
    abandon(ticket);
    EXPECT_EQ(look(ticket), Phase::done);
    release(ticket);
    EXPECT_EQ(look(ticket), Phase::stale);
    EXPECT_EQ(wait(ticket, kNever), Phase::stale);
    EXPECT_EQ(wait_all(&ticket, 1, kNever), 0U);
    EXPECT_EQ(runs, 1);
}

TEST_F(Core, TheFunctionSeesTheInterruptedContext) {
    Worker worker;
    static std::atomic<void*> seen_context;
    static std::atomic<void*> seen_argument;
    Ticket ticket;
    int argument = 0;
    const auto look_at = [](void* given, void* context) {
        seen_argument = given;
        seen_context = context;
    };
    ASSERT_EQ(post(pid_, worker.tid(), look_at, &argument, &ticket), Post::posted);
    ASSERT_EQ(wait(ticket, soon()), Phase::done);
    release(ticket);
    EXPECT_EQ(seen_argument, &argument);
    EXPECT_NE(seen_context, nullptr);
}

TEST_F(Core, ADefaultTicketNamesNothing) {
    const Ticket nothing;
    EXPECT_EQ(look(nothing), Phase::stale);
    EXPECT_EQ(look(Ticket{kSlotCount + 7, 1}), Phase::stale);
    EXPECT_FALSE(revoke(nothing));
    EXPECT_FALSE(leave(nothing));
    release(nothing);
    abandon(nothing);
    EXPECT_EQ(wait(nothing, kNever), Phase::stale);
}

// The signal of a revoked request arrives when its slot belongs to another one.
TEST_F(Core, LateSignalFindsAStranger) {
    DeafWorker worker;
    Ticket revoked;
    ASSERT_EQ(post_plain(pid_, worker.tid(), count, nullptr, &revoked), Post::posted);
    ASSERT_TRUE(revoke(revoked));
    EXPECT_FALSE(revoke(revoked));
    static std::atomic<int> right;
    right = 0;
    Ticket next;
    const auto count_right = [](void*) { ++right; };
    ASSERT_EQ(post_plain(pid_, worker.tid(), count_right, nullptr, &next), Post::posted);
    EXPECT_EQ(next.slot, revoked.slot) << "the test wants the same slot";
    EXPECT_NE(next.generation, revoked.generation);
    EXPECT_EQ(look(revoked), Phase::stale);
    worker.hear();
    EXPECT_EQ(wait(next, soon()), Phase::done);
    release(next);
    EXPECT_EQ(right, 1);
    EXPECT_EQ(runs, 0);
}

TEST_F(Core, ThePoolRunsOutAndRecovers) {
    DeafWorker worker;
    std::vector<Ticket> tickets;
    Post last = Post::posted;
    while (tickets.size() <= kSlotCount) {
        Ticket ticket;
        last = post_plain(pid_, worker.tid(), count, nullptr, &ticket);
        if (last != Post::posted) break;
        tickets.push_back(ticket);
    }
    if (last == Post::queue_full) {
        for (const Ticket ticket : tickets)
            revoke(ticket);
        GTEST_SKIP() << "the limit on queued signals is below the number of slots";
    }
    EXPECT_EQ(last, Post::no_slot);
    EXPECT_EQ(tickets.size(), kSlotCount);
    EXPECT_EQ(slots_in_use(), kSlotCount);
    EXPECT_EQ(tf_execute_on_tid(sys_gettid(), count, nullptr, nullptr), TF_EXECUTE_NO_SLOT);
    EXPECT_EQ(threadfault::execute_on_thread(
                  sys_gettid(), [] {}, kAmple),
              threadfault::ExecuteResult::no_slot);
    EXPECT_TRUE(revoke(tickets.back()));
    tickets.pop_back();
    EXPECT_EQ(tf_execute_on_tid(sys_gettid(), count, nullptr, nullptr), TF_EXECUTE_DONE);
    EXPECT_EQ(runs, 1);
    for (const Ticket ticket : tickets)
        EXPECT_TRUE(revoke(ticket));
    EXPECT_EQ(slots_in_use(), 0U);
    worker.hear();
    EXPECT_EQ(runs, 1);
}

// A request that comes while another runs: into it, or after it.
TEST_F(Core, ABriefRequestIsNotInterrupted) {
    static Ticket second;
    [[maybe_unused]] static Phase then;
    const auto ask_oneself = [](void*, void*) {
        EXPECT_EQ(post_plain(sys_getpid(), sys_gettid(), count, nullptr, &second), Post::posted);
        then = look(second);
    };
    Worker worker;
    Ticket first;
    for (const auto post_it : {post_brief, post}) {
        ASSERT_EQ(post_it(pid_, worker.tid(), ask_oneself, nullptr, &first), Post::posted);
        ASSERT_EQ(wait(first, soon()), Phase::done);
#ifndef __SANITIZE_THREAD__  // which lets no signal in while a handler runs
        EXPECT_EQ(then, post_it == post_brief ? Phase::posted : Phase::done);
#endif
        release(first);
        ASSERT_EQ(wait(second, soon()), Phase::done);
        release(second);
    }
    EXPECT_EQ(runs, 2);
}

TEST_F(Core, LeftRequestsFreeThemselves) {
    static std::atomic<bool> let_go;
    let_go = false;
    const auto hold = [](void*) {
        ++runs;
        while (!let_go)
            nap();
    };
    Worker worker;
    Ticket ticket;
    ASSERT_EQ(post_plain(pid_, worker.tid(), hold, nullptr, &ticket), Post::posted);
    ASSERT_TRUE(eventually([&] {
        wait(ticket, monotonic_ns() + 1'000'000);
        return runs == 1;
    }));
    EXPECT_EQ(look(ticket), Phase::running);
    EXPECT_FALSE(revoke(ticket));
    EXPECT_TRUE(leave(ticket));
    EXPECT_EQ(look(ticket), Phase::stale);
    EXPECT_EQ(slots_in_use(), 1U);
    let_go = true;
    EXPECT_TRUE(eventually([] { return slots_in_use() == 0; }));
}

// A thread that ended inside a request that nobody attends to any more leaves its slot behind.
TEST_F(Core, SlotsOfTheDeadAreSweptWhenTheyGetScarce) {
    Ticket ticket;
    ASSERT_TRUE(take_slot(&ticket));
    slots[ticket.slot].tid.store(1 << 22);  // no such thread
    slots[ticket.slot].word.store(make_word(ticket.generation, kRunning));
    ASSERT_TRUE(leave(ticket));
    EXPECT_EQ(slots_in_use(), 1U);
    EXPECT_EQ(sweep_unattended(pid_), 1U);
    EXPECT_EQ(sweep_unattended(pid_), 0U);
    // Of the living it is not taken.
    ASSERT_TRUE(take_slot(&ticket));
    slots[ticket.slot].tid.store(sys_gettid());
    slots[ticket.slot].word.store(make_word(ticket.generation, kRunning));
    ASSERT_TRUE(leave(ticket));
    EXPECT_EQ(sweep_unattended(pid_), 0U);
    slots[ticket.slot].word.store(make_word(ticket.generation, kRunning));
    abandon(ticket);
}

TEST_F(Core, GenerationsWrapAroundPastZero) {
    Ticket ticket;
    ASSERT_TRUE(take_slot(&ticket));
    slots[ticket.slot].word.store(make_word(kGenerationMask, kDone));
    const Ticket last{ticket.slot, kGenerationMask};
    release(last);
    Ticket first;
    ASSERT_TRUE(take_slot(&first));
    EXPECT_EQ(first.slot, ticket.slot);
    EXPECT_EQ(first.generation, 1U);
    slots[first.slot].word.store(make_word(first.generation, kDone));
    release(first);
}

TEST_F(Core, SlotsAreNeverHandedOutTwice) {
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<std::atomic<int>> users(kSlotCount);
    std::atomic<int> finished{0};
    std::atomic<int> collisions{0};
    for (int i = 0; i < 4; ++i) {
        workers.push_back(std::make_unique<Worker>([&](Worker&) {
            for (int round = 0; round < 5000; ++round) {
                Ticket mine[3];
                for (Ticket& ticket : mine) {
                    if (!take_slot(&ticket) || users[ticket.slot]++ != 0) ++collisions;
                }
                for (const Ticket ticket : mine) {
                    --users[ticket.slot];
                    if (!free_slot(ticket, kTaken)) ++collisions;
                }
            }
            ++finished;
        }));
    }
    EXPECT_TRUE(eventually([&] { return finished == 4; }));
    EXPECT_EQ(collisions, 0);
}

TEST_F(Core, ResetForgetsEverything) {
    DeafWorker worker;
    Ticket ticket;
    ASSERT_EQ(post_plain(pid_, worker.tid(), count, nullptr, &ticket), Post::posted);
    reset_after_fork();
    EXPECT_EQ(look(ticket), Phase::stale);
    EXPECT_EQ(slots_in_use(), 0U);
    worker.hear();
    EXPECT_EQ(runs, 0);
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), count, nullptr, &kAmpleTime), TF_EXECUTE_DONE);
}

TEST_F(Core, AllThreadsAtOnce) {
    std::vector<std::unique_ptr<Worker>> workers;
    for (int i = 0; i < 50; ++i)
        workers.push_back(std::make_unique<Worker>());
    std::vector<Ticket> tickets(workers.size());
    for (std::size_t i = 0; i < workers.size(); ++i) {
        ASSERT_EQ(post_plain(pid_, workers[i]->tid(), count, nullptr, &tickets[i]), Post::posted);
    }
    EXPECT_EQ(wait_all(tickets.data(), static_cast<unsigned>(tickets.size()), soon()), 0U);
    EXPECT_EQ(runs, 50);
    for (const Ticket ticket : tickets)
        release(ticket);
}

// ---- the choice of the signal ------------------------------------------------------------------

TEST(ParseSignal, Table) {
    const struct {
        const char* text;
        int number;
    } table[] = {
        {"40", 40},
        {"SIGRTMIN", SIGRTMIN},
        {"RTMIN", SIGRTMIN},
        {"RTMIN+3", SIGRTMIN + 3},
        {"SIGRTMIN+10", SIGRTMIN + 10},
        {"RTMAX", SIGRTMAX},
        {"SIGRTMAX-2", SIGRTMAX - 2},
        {"64", 64},
        {"", 0},
        {"0", 0},
        {"10", 0},
        {"32", 0},
        {"33", 0},
        {"65", 0},
        {"-1", 0},
        {"+40", 0},
        {"040", 0},
        {"40x", 0},
        {"RTMIN3", 0},
        {"RTMIN+", 0},
        {"RTMIN-1", 0},
        {"RTMAX+1", 0},
        {"RTMIN+31", 0},
        {"USR1", 0},
        {"rtmin", 0},
    };
    for (const auto& row : table)
        EXPECT_EQ(parse_signal(row.text), row.number) << row.text;
}

TEST(ChooseSignal, PassesOver) {
    const int first = choose_signal(0);
    ASSERT_NE(first, 0);
    const int second = choose_signal(first);
    EXPECT_NE(second, 0);
    EXPECT_NE(second, first);
}

}  // namespace
