// Sorted threads, and the tree of who created whom.
#include "pictures.hpp"
#include "render/thread_order.hpp"
#include "threadfault/error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace threadfault::cli {
namespace {

using top::thread_of;

std::string order(const std::vector<drive::ThreadView>& threads, ThreadKey key,
                  bool reversed = false) {
    std::vector<RankedThread> ranked;
    for (const drive::ThreadView& thread : threads)
        ranked.push_back({&thread, thread.cpu_seconds});
    sort_threads(ranked, key, reversed);
    std::string names;
    for (const RankedThread& one : ranked)
        names += one.thread->name;
    return names;
}

std::string tree(const std::vector<drive::ThreadView>& threads) {
    std::vector<const drive::ThreadView*> plain;
    for (const drive::ThreadView& thread : threads)
        plain.push_back(&thread);
    std::string text;
    for (const TreePlace& place : creator_tree(plain, false))
        text += place.branch + threads[place.index].name + "\n";
    return text;
}

TEST(ThreadOrder, EveryKey) {
    std::vector<drive::ThreadView> threads = {
        thread_of(12, "b", "main"), thread_of(11, "a", "main/10"), thread_of(13, "c", "main/9")};
    threads[2].cpu_seconds = 3;
    threads[1].cpu_seconds = 1;
    threads[0].state = 'R';
    threads[2].faults = wire::kInForceFreeze;
    threads[1].holding.push_back({WaitKind::mutex, 1, "", 5});
    top::add_wait(threads[2], 11, true);
    EXPECT_EQ(order(threads, ThreadKey::created), "bac");
    EXPECT_EQ(order(threads, ThreadKey::tid), "abc");
    EXPECT_EQ(order(threads, ThreadKey::name), "abc");
    EXPECT_EQ(order(threads, ThreadKey::state), "bac");
    EXPECT_EQ(order(threads, ThreadKey::cpu), "cab");
    EXPECT_EQ(order(threads, ThreadKey::age), "cba");
    EXPECT_EQ(order(threads, ThreadKey::path), "bca") << "numbers, not letters";
    EXPECT_EQ(order(threads, ThreadKey::waiting), "cba");
    EXPECT_EQ(order(threads, ThreadKey::holds), "abc");
    EXPECT_EQ(order(threads, ThreadKey::faults), "cba");
    EXPECT_EQ(order(threads, ThreadKey::cpu, true), "bac");
    EXPECT_EQ(order(threads, ThreadKey::start, true), "bac") << "equal ones stay in order";
}

TEST(ThreadOrder, KeysByName) {
    EXPECT_EQ(require_thread_key("--sort", "holds"), ThreadKey::holds);
    for (const ThreadKeyInfo& key : thread_keys())
        EXPECT_EQ(&info(key.key), &key);
    try {
        require_thread_key("--sort", "wating");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.error_code(), ErrorCode::usage);
        EXPECT_EQ(error.advice(), "did you mean waiting?");
    }
}

TEST(CreatorTree, HangsThreadsFromWhoMadeThem) {
    EXPECT_EQ(tree({thread_of(10, "server", "main"), thread_of(11, "pool", "main/1"),
                    thread_of(12, "w1", "main/1/1"), thread_of(13, "w2", "main/1/2"),
                    thread_of(14, "log", "main/2")}),
              "server\n|- pool\n|  |- w1\n|  `- w2\n`- log\n");
}

TEST(CreatorTree, SkipsCreatorsThatHaveEnded) {
    drive::ThreadView stranger = thread_of(15, "libc", "");
    stranger.registered = false;
    stranger.index.reset();
    EXPECT_EQ(tree({thread_of(10, "server", "main"), thread_of(12, "w1", "main/1/1/3"), stranger}),
              "server\n`- w1\nlibc\n");
}

// Paths deeper than the agent keeps are cut: the number of the creator tells, and never in a
// circle.
TEST(CreatorTree, WithoutAPathByTheCreator) {
    drive::ThreadView a = thread_of(11, "a", "");
    drive::ThreadView b = thread_of(12, "b", "");
    a.creator_tid = 12;
    b.creator_tid = 11;
    EXPECT_EQ(tree({a, b}), "a\n`- b\n");
    EXPECT_EQ(tree({}), "");
}

}  // namespace
}  // namespace threadfault::cli
