// Nothing in the handler allocates: every allocation of this program asks how deep the thread is in
// the handler. Sanitizers have allocators of their own, which offer a hook for it.
#include "execute/handler_scope.hpp"
#include "worker.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace {

std::atomic<int> allocations_in_handler{0};

void note_allocation() {
    if (threadfault::execute::handler_depth > 0) ++allocations_in_handler;
}

}  // namespace

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)

extern "C" {
// sanitizer/allocator_interface.h: called for every allocation and release.
void __sanitizer_malloc_hook(const volatile void*, std::size_t);
void __sanitizer_free_hook(const volatile void*);
void __sanitizer_malloc_hook(const volatile void*, std::size_t) {
    note_allocation();
}
void __sanitizer_free_hook(const volatile void*) {
    note_allocation();
}
}

#else

extern "C" {
// glibc's own entry points, which its malloc family is made of.
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t size) {
    note_allocation();
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
    note_allocation();
    return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
    note_allocation();
    return __libc_realloc(block, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
    note_allocation();
    return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    note_allocation();
    return __libc_memalign(alignment, size);
}
void free(void* block) {
    note_allocation();
    __libc_free(block);
}
}

#endif

namespace {

using namespace threadfault::execute;
using threadfault::execute_on_thread;

std::atomic<int> depth_seen{0};

void see_depth(void*) {
    depth_seen = handler_depth;
}

class Allocation : public ::testing::Test {
protected:
    void SetUp() override { allocations_in_handler = 0; }
    void TearDown() override { EXPECT_EQ(allocations_in_handler, 0); }
};

TEST_F(Allocation, IsSeenWhenThereIsOne) {
    if (kUnderTsan) GTEST_SKIP() << "it reports such a call itself, as an error";
    const auto allocate = [](void*) {
        void* volatile block = std::malloc(100);
        std::free(block);
    };
    EXPECT_EQ(tf_execute_on_tid(sys_gettid(), allocate, nullptr, nullptr), TF_EXECUTE_DONE);
    EXPECT_GE(allocations_in_handler, 1) << "this test could not see anything";
    allocations_in_handler = 0;
}

TEST_F(Allocation, NoneInTheFirstRequestOfAThread) {
    for (int i = 0; i < 20; ++i) {
        Worker worker;
        depth_seen = 0;
        EXPECT_EQ(tf_execute_on_tid(worker.tid(), see_depth, nullptr, &kAmpleTime),
                  TF_EXECUTE_DONE);
        EXPECT_EQ(depth_seen, 1);
    }
    EXPECT_EQ(handler_depth, 0);
}

// A request that is made in a handler waits, looks into /proc and gives up there.
TEST_F(Allocation, NoneInRequestsMadeInAHandler) {
    static std::atomic<pid_t> other;
    static std::atomic<int> result;
    const auto ask = [](void*) {
        const timespec tenth{0, 100'000'000};
        result = tf_execute_on_tid(other, see_depth, nullptr, &tenth);
    };
    Worker worker;
    Worker hearing;
    other = hearing.tid();
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), ask, nullptr, nullptr), TF_EXECUTE_DONE);
    EXPECT_NE(result, TF_EXECUTE_NO_THREAD);
    DeafWorker deaf;
    other = deaf.tid();
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), ask, nullptr, nullptr), TF_EXECUTE_DONE);
    EXPECT_TRUE(result == TF_EXECUTE_SIGNAL_BLOCKED || result == TF_EXECUTE_NOT_STARTED);
    other = 1 << 22;
    EXPECT_EQ(tf_execute_on_tid(worker.tid(), ask, nullptr, nullptr), TF_EXECUTE_DONE);
    EXPECT_EQ(result, TF_EXECUTE_NO_THREAD);
}

TEST_F(Allocation, NoneAroundACallable) {
    const auto shared = std::make_shared<int>(0);
    Worker worker;
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(execute_on_thread(
                      worker.tid(), [shared] { ++*shared; }, kAmple),
                  threadfault::ExecuteResult::done);
    }
    EXPECT_EQ(*shared, 20);
}

}  // namespace
