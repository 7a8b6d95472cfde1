#include "preload/registry/registry.hpp"

#include "preload/base/libc_layout.hpp"
#include "stand_ins.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <climits>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace threadfault::shim {
namespace {

// What the interposed pthread_create does.
struct Start {
    Record* record;
    std::function<void()> body;
};

void* run(void* argument) {
    auto* const start = static_cast<Start*>(argument);
    register_self(start->record);
    start->body();
    mark_end(End::returned);
    return nullptr;
}

class Registered {
public:
    explicit Registered(std::function<void()> body)
        : start_{expect_thread(reinterpret_cast<void*>(&run), this, nullptr), std::move(body)} {
        EXPECT_NE(nullptr, start_.record);
        const std::uint64_t serial = start_.record->serial;
        Record* const record = start_.record;
        EXPECT_EQ(0, pthread_create(&thread_, nullptr, run, &start_));
        thread_was_made(record, serial, thread_);
    }
    void join() { pthread_join(thread_, nullptr); }

private:
    Start start_;
    pthread_t thread_{};
};

std::string path_of(const wire::ThreadRecord& record) {
    std::string path = "main";
    for (std::uint32_t i = 0; i < record.depth && i < wire::kMaxPathDepth; ++i) {
        path += "/" + std::to_string(record.path[i]);
    }
    return path;
}

wire::ThreadRecord own() {
    wire::ThreadRecord record;
    EXPECT_TRUE(copy_record(*self(), &record));
    return record;
}

class Registry : public testing::Test {
protected:
    static void SetUpTestSuite() {
        learn_libc_layout();
        register_main();
    }
};

TEST_F(Registry, KnowsMain) {
    const wire::ThreadRecord record = own();
    EXPECT_EQ(getpid(), record.tid);
    EXPECT_EQ(pthread_self(), record.pthread);
    EXPECT_EQ(0U, record.index);
    EXPECT_EQ("main", path_of(record));
    EXPECT_NE(0U, record.flags & wire::kThreadMain);
    EXPECT_EQ(self(), find_record(getpid(), record.serial));
    EXPECT_EQ(self(), find_record_of(pthread_self()));
}

TEST_F(Registry, KnowsAThreadWhileItLives) {
    const std::uint32_t live = live_threads();
    const std::uint32_t used = records_in_use();
    wire::ThreadRecord seen;
    pid_t tid = 0;
    Registered thread([&] {
        seen = own();
        tid = gettid();
        EXPECT_EQ(live + 1, live_threads());
    });
    thread.join();
    EXPECT_EQ(tid, seen.tid);
    EXPECT_EQ(getpid(), seen.creator_tid);
    EXPECT_EQ(reinterpret_cast<std::uint64_t>(&run), seen.start_routine);
    EXPECT_EQ(live, live_threads());
    EXPECT_EQ(used, records_in_use());
    EXPECT_EQ(nullptr, find_record(tid, seen.serial));
}

TEST_F(Registry, CountsPathsByCreator) {
    const std::uint32_t before = self()->children;
    std::string first;
    std::string grandchild;
    Registered outer([&] {
        first = path_of(own());
        Registered inner([&] { grandchild = path_of(own()); });
        inner.join();
    });
    outer.join();
    const std::string expected = "main/" + std::to_string(before + 1);
    EXPECT_EQ(expected, first);
    EXPECT_EQ(expected + "/1", grandchild);
}

TEST_F(Registry, KeepsBothEndsOfADeepPath) {
    std::string path;
    std::uint32_t depth = 0;
    std::function<void(int)> descend = [&](int left) {
        Registered thread([&, left] {
            if (left > 0) return descend(left - 1);
            path = path_of(own());
            depth = own().depth;
        });
        thread.join();
    };
    descend(20);
    EXPECT_EQ(21U, depth);
    EXPECT_EQ("main/", path.substr(0, 5));
    EXPECT_EQ("/1/1/1", path.substr(path.size() - 6));
}

TEST_F(Registry, AFailedCreateLeavesNoTrace) {
    const std::uint32_t live = live_threads();
    const std::uint32_t used = records_in_use();
    Record* const failed = expect_thread(nullptr, nullptr, nullptr);
    const std::uint32_t index = failed->index;
    forget_expected(failed);
    EXPECT_EQ(live, live_threads());
    EXPECT_EQ(used, records_in_use());
    Registered next([&] { EXPECT_EQ(index, own().index); });
    next.join();
}

TEST_F(Registry, ListsAThreadUntilItsLastDestructorRound) {
    static pthread_key_t key;
    static int rounds = 0;
    static bool known_in_all = true;
    ASSERT_EQ(0, pthread_key_create(&key, [](void* value) {
                  known_in_all = known_in_all && self() != nullptr;
                  if (++rounds < PTHREAD_DESTRUCTOR_ITERATIONS - 2) {
                      pthread_setspecific(key, value);
                  }
              }));
    Registered thread([&] { pthread_setspecific(key, &key); });
    thread.join();
    pthread_key_delete(key);
    EXPECT_EQ(PTHREAD_DESTRUCTOR_ITERATIONS - 2, rounds);
    EXPECT_TRUE(known_in_all);
}

TEST_F(Registry, KnowsNames) {
    Registered thread([] {
        store_name(self(), "a name that is too long");
        EXPECT_STREQ("a name that is ", own().name);
        store_name(self(), "short");
        EXPECT_STREQ("short", own().name);
    });
    thread.join();
}

TEST_F(Registry, FindsAThreadToNameBeforeItHasRegistered) {
    std::atomic<bool> named{false};
    Record* const record = expect_thread(nullptr, nullptr, nullptr);
    struct Named {
        Record* record;
        std::atomic<bool>* named;
    } start{record, &named};
    pthread_t thread{};
    ASSERT_EQ(0, pthread_create(
                     &thread, nullptr,
                     [](void* argument) -> void* {
                         auto* const given = static_cast<Named*>(argument);
                         while (!*given->named)
                             std::this_thread::yield();
                         register_self(given->record);
                         EXPECT_STREQ("early", own().name);
                         return nullptr;
                     },
                     &start));
    thread_was_made(record, record->serial, thread);
    ASSERT_EQ(record, find_record_of(thread));
    store_name(record, "early");
    named = true;
    pthread_join(thread, nullptr);
}

TEST_F(Registry, BuriesOnlyTheOneThatIsMeant) {
    Record* const record = expect_thread(nullptr, nullptr, nullptr);
    record->serial = 999'999;
    const std::uint32_t live = live_threads();
    bury(record, 999'998);
    EXPECT_EQ(live, live_threads());
    bury(record, 999'999);
    EXPECT_EQ(live - 1, live_threads());
    bury(record, 999'999);
    EXPECT_EQ(live - 1, live_threads());
}

// A reader copies while threads come, are renamed and go: what it gets is always of one thread.
TEST_F(Registry, IsReadWhileItChanges) {
    std::atomic<bool> stop{false};
    std::atomic<int> copied{0};
    std::thread reader([&] {
        while (!stop) {
            for (std::uint32_t id = 1; id < record_limit(); ++id) {
                wire::ThreadRecord seen;
                const Record* const record = record_at(id);
                if (record == nullptr || !copy_record(*record, &seen)) continue;
                ++copied;
                EXPECT_NE(0, seen.tid);
                EXPECT_NE(0U, seen.serial);
                EXPECT_EQ(seen.index == 0, (seen.flags & wire::kThreadMain) != 0);
            }
        }
    });
    const std::uint32_t used = records_in_use();
    std::vector<std::thread> creators;
    for (int i = 0; i < 3; ++i) {
        creators.emplace_back([] {
            for (int round = 0; round < 200; ++round) {
                Registered thread([] { store_name(self(), "renamed"); });
                thread.join();
            }
        });
    }
    for (std::thread& creator : creators)
        creator.join();
    stop = true;
    reader.join();
    EXPECT_EQ(used, records_in_use());
    EXPECT_GT(copied, 0);
}

TEST_F(Registry, TellsWhenTheLastOneLeaves) {
    ASSERT_EQ(1U, live_threads());
    const int before = last_threads_left;
    Record* const record = expect_thread(nullptr, nullptr, nullptr);
    record->serial = 7;
    bury(record, 7);
    EXPECT_EQ(before, last_threads_left);  // main still lives
}

}  // namespace
}  // namespace threadfault::shim
