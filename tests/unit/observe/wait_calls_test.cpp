// Names of calls, as libc, sanitizers and other libraries have them.
#include "observe/wait_calls.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace threadfault::observe {
namespace {

TEST(WaitCalls, AreSortedForTheSearch) {
    const auto calls = wait_calls();
    EXPECT_TRUE(std::is_sorted(calls.begin(), calls.end(),
                               [](const auto& a, const auto& b) { return a.name < b.name; }));
    for (const WaitCall& call : calls)
        EXPECT_EQ(find_wait_call(call.name), &call) << call.name;
}

TEST(WaitCalls, AreFoundByEveryNameTheyHave) {
    for (const char* name : {"sem_wait", "__new_sem_wait", "__interceptor_sem_wait"}) {
        ASSERT_NE(find_wait_call(name), nullptr) << name;
        EXPECT_EQ(find_wait_call(name)->name, "sem_wait");
    }
    ASSERT_NE(find_wait_call("__GI___pthread_mutex_lock"), nullptr);
    EXPECT_EQ(find_wait_call("__GI___pthread_mutex_lock")->kind, CallKind::mutex);
    for (const char* name : {"", "_", "sem_post", "pthread_mutex_lockx", "pthread_mutex_loc"})
        EXPECT_EQ(find_wait_call(name), nullptr) << name;
}

TEST(ForeignWait, IsTheOutermostOfTheLanguagesFunctions) {
    EXPECT_EQ(name_of_foreign_wait({"syscall", "syscall", "std::__detail::__platform_wait<int>",
                                    "std::latch::wait", "serve"}),
              "std::latch wait");
    EXPECT_EQ(name_of_foreign_wait({"syscall", "", "std::__detail::__platform_wait<int>",
                                    "void std::__atomic_wait_address_v<int, std::f>", "run"}),
              "std::atomic wait");
    // In libstdc++.so of g++ 16, called by inlined functions of whatever waits.
    EXPECT_EQ(name_of_foreign_wait({"syscall", "std::__detail::__wait_impl", "run"}),
              "std::atomic wait");
    EXPECT_EQ(name_of_foreign_wait(
                  {"syscall", "std::sys::futex::futex_wait",
                   "std::sys::sync::mutex::futex::Mutex::lock_contended::h0123456789abcdef",
                   "worker::main"}),
              "std::sys::sync::mutex::futex::Mutex::lock_contended");
}

TEST(ForeignWait, StopsWhereAThreadBegins) {
    EXPECT_EQ(name_of_foreign_wait({"syscall", "std::__detail::__platform_wait<int>",
                                    "std::__invoke_impl<void, f>", "std::thread::_Invoker<f>"}),
              "std::atomic wait");
    EXPECT_EQ(name_of_foreign_wait({"syscall", "std::thread::_Invoker<f>", "start"}), "");
}

TEST(ForeignWait, OfAnotherLibraryIsItsFunction) {
    EXPECT_EQ(name_of_foreign_wait({"syscall", "syscall", "g_cond_wait", "worker"}), "g_cond_wait");
    EXPECT_EQ(name_of_foreign_wait({"", "", "GOMP_barrier", "main"}), "GOMP_barrier");
    EXPECT_EQ(name_of_foreign_wait({}), "");
}

}  // namespace
}  // namespace threadfault::observe
