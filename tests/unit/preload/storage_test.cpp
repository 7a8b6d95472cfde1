#include "preload/registry/storage.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace threadfault::shim {
namespace {

TEST(Storage, GivesEveryRecordOnce) {
    std::set<Record*> taken;
    const std::uint32_t before = records_in_use();
    for (int i = 0; i < 1000; ++i) {
        Record* const record = take_record();
        ASSERT_NE(nullptr, record);
        EXPECT_TRUE(taken.insert(record).second);
        EXPECT_EQ(record, record_at(record->id));
        EXPECT_LT(record->id, record_limit());
    }
    EXPECT_EQ(before + 1000, records_in_use());
    for (Record* record : taken)
        give_record(record);
    EXPECT_EQ(before, records_in_use());
}

TEST(Storage, UsesRecordsAgainBeforeNewOnes) {
    Record* const record = take_record();
    give_record(record);
    const std::uint32_t limit = record_limit();
    EXPECT_EQ(record, take_record());
    EXPECT_EQ(limit, record_limit());
    give_record(record);
}

// The owner's mark proves that no record is ever with two threads at once.
TEST(Storage, IsSafeUnderContention) {
    std::atomic<bool> collided{false};
    const auto worker = [&collided](pid_t mark) {
        std::vector<Record*> mine;
        for (int i = 0; i < 20'000; ++i) {
            if (mine.size() < 8) {
                Record* const record = take_record();
                if (record->tid.exchange(mark) != 0) collided = true;
                mine.push_back(record);
            }
            if (i % 3 != 0) {
                if (mine.back()->tid.exchange(0) != mark) collided = true;
                give_record(mine.back());
                mine.pop_back();
            }
        }
        for (Record* record : mine) {
            record->tid = 0;
            give_record(record);
        }
    };
    const std::uint32_t before = records_in_use();
    std::vector<std::thread> threads;
    for (pid_t mark = 1; mark <= 6; ++mark)
        threads.emplace_back(worker, mark);
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_FALSE(collided);
    EXPECT_EQ(before, records_in_use());
}

}  // namespace
}  // namespace threadfault::shim
