// 20,000 threads come and go while threads at random are told to end: nobody else ends, nothing is
// left behind.
#include "support/agent_socket.hpp"
#include "support/proc.hpp"
#include "support/target.hpp"
#include "targets/churn_board.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <sstream>
#include <thread>

namespace threadfault::test {
namespace {

class Board {
public:
    Board() {
        char path[] = "/tmp/threadfault-churn-XXXXXX";
        const int fd = mkostemp(path, O_CLOEXEC);
        path_ = path;
        if (fd < 0 || ftruncate(fd, sizeof(churn_board)) != 0) abort();
        void* memory =
            mmap(nullptr, sizeof(churn_board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (memory == MAP_FAILED) abort();
        board_ = static_cast<churn_board*>(memory);
        close(fd);
    }
    ~Board() {
        munmap(board_, sizeof *board_);
        unlink(path_.c_str());
    }
    Board(const Board&) = delete;
    Board& operator=(const Board&) = delete;

    const std::string& path() const noexcept { return path_; }
    int created() const { return __atomic_load_n(&board_->created, __ATOMIC_SEQ_CST); }
    const churn_slot& slot(int i) const { return board_->slots[i]; }

    // The slot of the thread whose start routine got this argument; nullptr: none of the churn.
    churn_slot* slot_of(std::uint64_t argument) const {
        const std::uint64_t base = board_->slots_address;
        if (argument < base || argument >= base + sizeof board_->slots) return nullptr;
        return &board_->slots[(argument - base) / sizeof(churn_slot)];
    }

private:
    std::string path_;
    churn_board* board_ = nullptr;
};

class Killer {
public:
    Killer(const Board& board, std::string path, std::uint64_t seed)
        : board_(board), socket_(path), random_(seed) {}

    void run(const std::atomic<bool>& over) {
        while (!over && !failed_) {
            const auto records = socket_.list();
            if (!records) return fail("the list was not answered");
            if (records->size() < 3) continue;
            // A few of each list: most are dead when the next is asked for.
            for (int i = 0; i < 4 && !over && !failed_; i++)
                attack(records->at(random_() % records->size()),
                       records->at(random_() % records->size()));
        }
    }

    const std::string& failure() const noexcept { return failure_; }
    int ended() const noexcept { return ended_; }
    int mistaken() const noexcept { return mistaken_; }

private:
    void attack(const wire::ThreadRecord& victim, const wire::ThreadRecord& other) {
        wire::FaultRequest request;
        constexpr wire::Fault kHows[] = {wire::Fault::cancel, wire::Fault::async_cancel,
                                         wire::Fault::exit, wire::Fault::vanish};
        request.fault = kHows[random_() % 4];
        request.tid = victim.tid;
        request.serial = victim.serial;
        request.wait_ns = 20'000'000;
        // One in four names a thread by another's serial, as if the tid had been reused.
        const bool is_mistaken = random_() % 4 == 0 && victim.serial != other.serial;
        if (is_mistaken) {
            request.serial = other.serial;
        } else {
            churn_slot* slot = board_.slot_of(victim.start_argument);
            if (slot == nullptr) return;
            __atomic_store_n(&slot->meant, 1, __ATOMIC_SEQ_CST);
            if (request.fault == wire::Fault::vanish)
                __atomic_store_n(&slot->vanish, 1, __ATOMIC_SEQ_CST);
        }
        const auto reply = socket_.fault(request);
        if (!reply) return fail("a fault was not answered");
        if (is_mistaken) {
            mistaken_++;
            if (reply->outcome != wire::FaultOutcome::no_such_thread)
                fail("a stale serial gave outcome " +
                     std::to_string(static_cast<int>(reply->outcome)));
        } else if (reply->outcome == wire::FaultOutcome::ended) {
            ended_++;
        }
    }

    void fail(const std::string& what) {
        failed_ = true;
        failure_ = what;
    }

    const Board& board_;
    AgentSocket socket_;
    std::mt19937_64 random_;
    bool failed_ = false;
    std::string failure_;
    int ended_ = 0;
    int mistaken_ = 0;
};

struct Quiet {
    std::uint32_t records;
    std::uint32_t threads;
    long rss_kib;
};

class Churn : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(target_.process().read_until("ready"), "ready") << target_.process().errors();
        ASSERT_TRUE(target_.ready());
        path_ = agent_socket_path(target_.pid(), geteuid());
        at_start_ = when_quiet();
    }

    // All threads but main, the keeper and the helper have ended, and the registry knows it.
    Quiet when_quiet() {
        wire::HelloReply hello;
        const bool quiet = eventually([&] {
            if (tasks(target_.pid()).size() != 3) return false;
            const auto reply = AgentSocket(path_).hello();
            if (reply) hello = *reply;
            return reply && reply->threads == 2;
        });
        EXPECT_TRUE(quiet) << tasks(target_.pid()).size() << " tasks, " << hello.threads
                           << " threads in the registry: " << left_over()
                           << target_.process().errors();
        return {hello.records, hello.threads, status_number(target_.pid(), "VmRSS")};
    }

    // What the registry holds, in words: for a failure's message.
    std::string left_over() {
        std::ostringstream text;
        for (const wire::ThreadRecord& record :
             AgentSocket(path_).list().value_or(std::vector<wire::ThreadRecord>())) {
            text << "tid " << record.tid
                 << (task_exists(target_.pid(), record.tid) ? "" : " (gone)");
            if (const churn_slot* slot = board_.slot_of(record.start_argument)) {
                text << " state " << slot->state << " detached " << slot->detached << " meant "
                     << slot->meant << " vanish " << slot->vanish;
            }
            text << "; ";
        }
        return text.str();
    }

    std::string how_it_is() {
        if (target_.process().running()) return "it runs; ";
        return "it ended with status " + std::to_string(target_.process().wait()->status()) + "; ";
    }

    // Lets the target go on and kills threads until it says `word`.
    void kill_until(const std::string& word) {
        std::atomic<bool> over{false};
        const std::uint64_t seed = std::random_device{}();
        SCOPED_TRACE("seed " + std::to_string(seed));
        Killer first(board_, path_, seed), second(board_, path_, seed + 1);
        target_.process().write("go\n");
        std::thread one([&] { first.run(over); }), two([&] { second.run(over); });
        const auto line = target_.process().read_until(word, 2 * kPatience);
        over = true;
        one.join();
        two.join();
        EXPECT_EQ(line, word) << "after " << board_.created() << " threads; " << how_it_is()
                              << target_.process().errors();
        EXPECT_EQ(first.failure(), "");
        EXPECT_EQ(second.failure(), "");
        ended_ += first.ended() + second.ended();
        mistaken_ += first.mistaken() + second.mistaken();
    }

    Board board_;
    Target target_{{TARGET_CHURN, board_.path()}};
    std::string path_;
    Quiet at_start_{};
    int ended_ = 0;
    int mistaken_ = 0;
};

TEST_F(Churn, KillsOnlyWhomItMeansAndLeavesNothingBehind) {
    ASSERT_NO_FATAL_FAILURE(kill_until("warm"));
    const Quiet warm = when_quiet();
    ASSERT_NO_FATAL_FAILURE(kill_until("over"));
    const Quiet end = when_quiet();

    int returned = 0, unwound = 0, gone = 0, wrong = 0, leaked_stacks = 0;
    for (int i = 0; i < CHURN_THREADS; i++) {
        const churn_slot& slot = board_.slot(i);
        if (slot.state == CHURN_RETURNED) {
            returned++;
            continue;
        }
        slot.state == CHURN_UNWOUND ? unwound++ : gone++;
        if (slot.meant == 0) wrong++;
        if (slot.detached != 0 && slot.vanish != 0) leaked_stacks++;
    }
    EXPECT_EQ(board_.created(), CHURN_THREADS);
    EXPECT_EQ(wrong, 0) << "threads that ended by force and were not meant";
    EXPECT_GT(ended_, 100);
    EXPECT_GT(mistaken_, 30);
    EXPECT_GT(unwound, 20);
    EXPECT_GT(gone, 20);

    EXPECT_EQ(end.records, at_start_.records) << "of the registry";
    // Nobody frees the stack of a detached thread that vanished: the few pages of it that were
    // touched stay.
    EXPECT_LT(end.rss_kib, warm.rss_kib + 4096 + 24L * leaked_stacks);
    RecordProperty("returned", returned);
    RecordProperty("ended", ended_);
    RecordProperty("unwound", unwound);
    RecordProperty("vanished", gone);
    RecordProperty("rss_growth_kib", static_cast<int>(end.rss_kib - warm.rss_kib));
}

}  // namespace
}  // namespace threadfault::test
