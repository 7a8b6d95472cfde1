// What the shim writes into the file of a sweep, read after the process has ended.
#include "wire/passages.hpp"
#include "inject/calls.hpp"
#include "inject/rule.hpp"
#include "run_target.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <functional>
#include <map>

namespace threadfault::test {
namespace {

using inject::Call;
using wire::PassageMode;
using wire::PassagePoint;

class File {
public:
    explicit File(PassageMode mode) : descriptor_(memfd_create("passages", MFD_CLOEXEC)) {
        EXPECT_EQ(0, ftruncate(descriptor_, sizeof(wire::Passages)));
        void* const at = mmap(nullptr, sizeof(wire::Passages), PROT_READ | PROT_WRITE, MAP_SHARED,
                              descriptor_, 0);
        EXPECT_NE(MAP_FAILED, at);
        content_ = static_cast<wire::Passages*>(at);
        content_->magic = wire::kPassagesMagic;
        content_->version = wire::kPassagesVersion;
        content_->order.mode = mode;
    }
    ~File() {
        munmap(content_, sizeof(wire::Passages));
        close(descriptor_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    wire::Passages* operator->() { return content_; }

    SpawnOptions options() const {
        return {.environment = {
                    {"LD_PRELOAD", THREADFAULT_POINTS_SHIM},
                    {wire::kPassagesVariable,
                     "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(descriptor_)}}};
    }

    const PassagePoint* point(Call call, unsigned thread) const {
        for (std::uint32_t i = 0; i < content_->point_count; ++i) {
            const PassagePoint& one = content_->points[i];
            if (one.call != static_cast<unsigned>(call)) continue;
            if (content_->threads[one.thread].path[0] == thread) return &one;
        }
        return nullptr;
    }

    // An experiment: what `before` has seen of that point, in the thread main/2.
    void order(const PassagePoint& point, std::uint64_t occurrence, inject::Side side,
               wire::Fault death) {
        wire::PassageOrder& order = content_->order;
        order.depth = 1;
        order.path[0] = 2;
        order.call = point.call;
        order.stack = point.stack;
        order.occurrence = occurrence;
        order.side = static_cast<unsigned>(side);
        order.action = static_cast<unsigned>(inject::Action::kill);
        order.death = static_cast<unsigned>(death);
    }

private:
    int descriptor_;
    wire::Passages* content_ = nullptr;
};

TEST(Census, CountsWhatEachThreadPasses) {
    File file(PassageMode::census);
    output_of({"locks", "20"}, file.options());
    EXPECT_EQ(3U, file->thread_count);
    EXPECT_GT(file->maps_length, 100U);
    for (const unsigned thread : {1U, 2U, 3U}) {
        const PassagePoint* const lock = file.point(Call::pthread_mutex_lock, thread);
        const PassagePoint* const unlock = file.point(Call::pthread_mutex_unlock, thread);
        ASSERT_NE(nullptr, lock);
        ASSERT_NE(nullptr, unlock);
        EXPECT_EQ(20U, lock->count);
        EXPECT_EQ(0U, lock->contexts[0].held_count);
        EXPECT_EQ(1U, unlock->contexts[0].held_count);
        EXPECT_EQ(lock->stack, unlock->contexts[0].held[0].stack);
    }
}

TEST(Census, GivesStacksTheSameNumberInEachRun) {
    File first(PassageMode::census);
    File second(PassageMode::census);
    output_of({"locks", "2"}, first.options());
    output_of({"locks", "2"}, second.options());
    EXPECT_EQ(first.point(Call::pthread_mutex_lock, 1)->stack,
              second.point(Call::pthread_mutex_lock, 3)->stack);
}

TEST(Experiment, DoesItToThatThreadAtThatPassage) {
    File census(PassageMode::census);
    output_of({"locks", "20"}, census.options());
    File file(PassageMode::experiment);
    file.order(*census.point(Call::pthread_mutex_lock, 1), 7, inject::Side::after,
               wire::Fault::vanish);
    EXPECT_EQ(
        "thread 1 locked 20 then free\n"
        "thread 2 locked 6 then held\n"
        "thread 3 locked 20 then free\n",
        output_of({"locks", "20"}, file.options()));
    EXPECT_EQ(1U, file->event.fired);
    EXPECT_EQ(0U, file->event.over);
    EXPECT_EQ(1U, file->event.held_count);
}

TEST(Experiment, TellsThatItsPassageNeverCame) {
    File census(PassageMode::census);
    output_of({"locks", "20"}, census.options());
    File file(PassageMode::experiment);
    file.order(*census.point(Call::pthread_mutex_lock, 1), 21, inject::Side::before,
               wire::Fault::vanish);
    output_of({"locks", "20"}, file.options());
    EXPECT_EQ(0U, file->event.fired);
    EXPECT_EQ(20U, file->event.seen);
}

TEST(Experiment, IsToldAfterTheProcessWasKilled) {
    File census(PassageMode::census);
    output_of({"locks", "20"}, census.options());
    File file(PassageMode::experiment);
    file.order(*census.point(Call::pthread_mutex_lock, 1), 3, inject::Side::before,
               wire::Fault::freeze);
    file->order.action = static_cast<unsigned>(inject::Action::freeze);
    {
        const Process process(target({"locks", "20"}), file.options());
        EXPECT_TRUE(eventually([&] { return file->event.fired == 1; }));
        process.send_signal(SIGKILL);
    }
    EXPECT_EQ(3U, file->event.seen);
    EXPECT_EQ(0U, file->event.held_count);
}

}  // namespace
}  // namespace threadfault::test
