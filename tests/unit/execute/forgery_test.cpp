// Signals that this process did not send for a request: any process of the same user can queue one
// with any si_pid and any value, so each of them must do nothing.
#include "execute/identity.hpp"
#include "execute/slots.hpp"
#include "worker.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <random>

namespace {

using namespace threadfault::execute;

std::atomic<int> runs{0};
void count(void*) {
    ++runs;
}

siginfo_t make_info(pid_t sender, void* value, int code = SI_QUEUE) {
    siginfo_t info;
    std::memset(&info, 0, sizeof info);
    info.si_signo = tf_execute_signal();
    info.si_code = code;
    info.si_pid = sender;
    info.si_value.sival_ptr = value;
    return info;
}

void* with_wrong_cookie(Ticket ticket, unsigned bit) {
    auto value = reinterpret_cast<std::uint64_t>(to_sigval(ticket));
    value ^= 1ULL << (kSlotBits + kGenerationBits + bit);
    return reinterpret_cast<void*>(value);
}

class Forgery : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(tf_execute_on_tid(sys_gettid(), count, nullptr, nullptr), TF_EXECUTE_DONE);
        runs = 0;
        ASSERT_EQ(post_plain(pid_, deaf_.tid(), count, nullptr, &open_), Post::posted);
    }
    void TearDown() override {
        EXPECT_EQ(look(open_), Phase::posted);
        EXPECT_TRUE(revoke(open_));
        EXPECT_EQ(runs, 0);
        EXPECT_EQ(slots_in_use(), 0U);
    }

    // To a thread that hears; returns when what was sent has been dealt with (real-time signals of
    // one number come in order).
    void send(const siginfo_t& info) {
        siginfo_t copy = info;
        ASSERT_EQ(sys_rt_tgsigqueueinfo(pid_, hearing_.tid(), tf_execute_signal(), &copy), 0);
    }
    void settle() {
        static std::atomic<int> settled;
        settled = 0;
        ASSERT_EQ(tf_execute_on_tid(
                      hearing_.tid(), [](void*) { ++settled; }, nullptr, &kAmpleTime),
                  TF_EXECUTE_DONE);
        ASSERT_EQ(settled, 1);
    }

    const pid_t pid_ = sys_getpid();
    DeafWorker deaf_;
    Worker hearing_;
    Ticket open_;  // a request to deaf_ that is waiting to be claimed
};

TEST_F(Forgery, TheRightValueAtTheWrongThread) {
    send(make_info(pid_, to_sigval(open_)));
    settle();
}

TEST_F(Forgery, WrongCookie) {
    for (unsigned bit = 0; bit < 64 - kSlotBits - kGenerationBits; ++bit) {
        Ticket ticket;
        ASSERT_TRUE(take_slot(&ticket));
        Slot& slot = slots[ticket.slot];
        slot.tid.store(hearing_.tid());
        slot.request.plain = count;
        slot.word.store(make_word(ticket.generation, kPosted));
        send(make_info(pid_, with_wrong_cookie(ticket, bit)));
        settle();
        EXPECT_TRUE(revoke(ticket));
    }
}

TEST_F(Forgery, OtherSendersAndOtherCodes) {
    Ticket ticket;
    ASSERT_TRUE(take_slot(&ticket));
    Slot& slot = slots[ticket.slot];
    slot.tid.store(hearing_.tid());
    slot.request.plain = count;
    slot.word.store(make_word(ticket.generation, kPosted));
    void* const right = to_sigval(ticket);
    send(make_info(pid_ + 1, right));
    send(make_info(0, right));
    send(make_info(-1, right));
    for (const int code : {SI_MESGQ, SI_ASYNCIO, SI_SIGIO, SI_TIMER})
        send(make_info(pid_, right, code));
    // These the kernel keeps for itself; the handler is shown them directly.
    for (const int code : {SI_TKILL, SI_USER, SI_KERNEL}) {
        Ticket none;
        EXPECT_FALSE(from_signal(make_info(pid_, right, code), &none));
    }
    for (int i = 0; i < 10; ++i)
        sys_tgkill(pid_, hearing_.tid(), tf_execute_signal());
    settle();
    EXPECT_TRUE(revoke(ticket));
}

TEST_F(Forgery, AReplayedSignal) {
    Ticket ticket;
    ASSERT_EQ(post_plain(pid_, hearing_.tid(), count, nullptr, &ticket), Post::posted);
    ASSERT_EQ(wait(ticket, monotonic_ns() + 20 * kNanosecondsPerSecond), Phase::done);
    for (int i = 0; i < 10; ++i)
        send(make_info(pid_, to_sigval(ticket)));  // while it is done
    release(ticket);
    for (int i = 0; i < 10; ++i)
        send(make_info(pid_, to_sigval(ticket)));  // when it is free
    settle();
    EXPECT_EQ(runs, 1);
    runs = 0;
}

TEST_F(Forgery, AnotherProcessGuesses) {
    const pid_t us = pid_;
    const pid_t child = fork();
    if (child == 0) {
        // The child knows everything but the cookie, which it has to guess.
        std::mt19937_64 random(7);
        const unsigned shift = kSlotBits + kGenerationBits;
        const std::uint64_t cookie = reinterpret_cast<std::uint64_t>(to_sigval(open_)) >> shift;
        for (int i = 0; i < 20'000; ++i) {
            std::uint64_t value = random();
            if (i % 2 == 0) {
                value = value >> shift << shift |
                        (reinterpret_cast<std::uint64_t>(to_sigval(open_)) & ((1ULL << shift) - 1));
            }
            if (value >> shift == cookie) continue;
            siginfo_t info = make_info(us, reinterpret_cast<void*>(value));
            const pid_t tid = i % 3 == 0 ? us : hearing_.tid();
            long sent = 0;
            do {
                sent = sys_rt_tgsigqueueinfo(us, tid, info.si_signo, &info);
            } while (sent == -EAGAIN);
            if (sent != 0) _exit(2);
        }
        _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    settle();
}

TEST_F(Forgery, EveryValueIsInRange) {
    std::mt19937_64 random(11);
    const std::uint64_t ours = reinterpret_cast<std::uint64_t>(to_sigval(open_));
    const unsigned shift = kSlotBits + kGenerationBits;
    for (int i = 0; i < 100'000; ++i) {
        // With the right cookie, so that the slot and the generation are looked at.
        const std::uint64_t value = ours >> shift << shift | random() >> (64 - shift);
        Ticket ticket;
        ASSERT_TRUE(from_signal(make_info(pid_, reinterpret_cast<void*>(value)), &ticket));
        EXPECT_LT(ticket.slot, kSlotCount);
        EXPECT_LE(ticket.generation, kGenerationMask);
        siginfo_t info = make_info(pid_, reinterpret_cast<void*>(value));
        on_signal(info.si_signo, &info, nullptr);
    }
    on_signal(tf_execute_signal(), nullptr, nullptr);
}

}  // namespace
