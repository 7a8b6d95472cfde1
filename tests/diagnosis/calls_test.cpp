// Every call that waits, made in every way: what it is said to wait for.
#include "arch/registers.hpp"
#include "support/eventually.hpp"
#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace threadfault::test {
namespace {

using Json = nlohmann::json;

struct Expected {
    const char* kind;
    const char* symbol;  // "": has none
    const char* call;
    bool owned = false;
};

// By the thread's name.
const std::map<std::string, Expected> kExpected = {
    {"lock", {"mutex", "normal_mutex", "pthread_mutex_lock", true}},
    {"recursive", {"mutex", "recursive_mutex", "pthread_mutex_lock", true}},
    {"errorcheck", {"mutex", "errorcheck_mutex", "pthread_mutex_lock", true}},
    {"timedlock", {"mutex", "normal_mutex", "pthread_mutex_timedlock", true}},
    {"clocklock", {"mutex", "normal_mutex", "pthread_mutex_clocklock", true}},
    {"rdlock", {"rwlock", "a_rwlock", "pthread_rwlock_rdlock", true}},
    {"wrlock", {"rwlock", "a_rwlock", "pthread_rwlock_wrlock", true}},
    {"timedwrlock", {"rwlock", "a_rwlock", "pthread_rwlock_timedwrlock", true}},
    {"sem_wait", {"sem", "a_sem", "sem_wait"}},
    {"sem_timedwait", {"sem", "a_sem", "sem_timedwait"}},
    {"barrier", {"barrier", "a_barrier", "pthread_barrier_wait"}},
    {"cond", {"cond", "a_cond", "pthread_cond_wait"}},
    {"timedcond", {"cond", "a_cond", "pthread_cond_timedwait"}},
    {"join", {"join", "", "pthread_join", true}},
    {"once", {"futex", "a_once", "pthread_once"}},
    {"mtx_lock", {"mutex", "c_mutex", "mtx_lock", true}},
    {"cnd_wait", {"cond", "c_cond", "cnd_wait"}},
    {"thrd_join", {"join", "", "thrd_join", true}},
    {"latch", {"futex", "a_latch", "std::latch wait"}},
    {"std-barrier", {"futex", nullptr, "std::barrier wait"}},
    {"std-semaphore", {"futex", "a_std_sem", "std::counting_semaphore acquire"}},
    {"atomic", {"futex", "an_atomic", "std::atomic wait"}},
    {"future", {"futex", "", "std::future wait"}},
    {"guard", {"futex", nullptr, "__cxa_guard_acquire"}},
};

class Calls : public testing::TestWithParam<const char*> {
protected:
    static bool is_optimised() { return std::string(GetParam()) != "unoptimised"; }
};

// At -O2 the program's call may be a jump, and then stands in no frame: what is left says which
// function of libc goes on, and mtx_lock goes on as pthread_mutex_lock.
bool is_call(const std::string& expected, const std::string& seen) {
    static const std::map<std::string, std::string> kGoesOnAs = {{"mtx_lock", "pthread_mutex_lock"},
                                                                 {"cnd_wait", "pthread_cond_wait"},
                                                                 {"thrd_join", "pthread_join"}};
    const auto other = kGoesOnAs.find(expected);
    return seen == expected || (other != kGoesOnAs.end() && seen == other->second);
}

// A call of functions that a header brings: where all of them are inlined no name is left (as
// g++ 14 does it from -O1 on), or that of the library's function beneath (g++ 16).
bool is_of_a_header(const std::string& thread) {
    return thread == "atomic" || thread == "latch" || thread == "std-barrier" ||
           thread == "std-semaphore";
}

// syscall(2)'s function, and the one by which libc waits with a time limit or for a read-write
// lock, make no frame. Where a call pushes nothing their return address is in a register alone,
// which nobody sees without a stop: no name is said then, or the function's own.
bool is_without_a_frame(const std::string& thread, const std::string& seen) {
    static const std::set<std::string> kThreads = {"timedlock",   "clocklock", "rdlock", "wrlock",
                                                   "timedwrlock", "future",    "guard"};
    return !arch::kCallPushes && (seen.empty() || seen == "__futex_abstimed_wait64") &&
           (kThreads.contains(thread) || is_of_a_header(thread));
}

std::string text(const Json& json) {
    return json.is_string() ? json.get<std::string>() : std::string();
}

TEST_P(Calls, AreToldByTheirCode) {
    Process process({std::string(WAIT_TARGET) + GetParam()});
    ASSERT_EQ(process.read_until("ready"), "ready") << process.errors();
    const CliResult result = run_cli({"--json", "ps", std::to_string(process.pid())});
    ASSERT_EQ(result.exit_code, 0) << result;
    std::map<std::string, Json> waits;
    for (const Json& thread : result.json.at("threads"))
        waits[thread.at("name")] = thread.at("waiting_on");
    for (const auto& [name, expected] : kExpected) {
        SCOPED_TRACE(name);
        const Json& wait = waits[name];
        ASSERT_TRUE(wait.is_object()) << result;
        EXPECT_EQ(text(wait.at("kind")), expected.kind);
        const std::string call = text(wait.at("call"));
        const bool inlined =
            is_optimised() && is_of_a_header(name) && (call.empty() || call == "std::atomic wait");
        if (!inlined && !is_without_a_frame(name, call)) {
            EXPECT_PRED2(is_call, expected.call, call);
        }
        if (expected.symbol != nullptr) {
            EXPECT_EQ(text(wait.at("symbol")), expected.symbol);
        }
        EXPECT_EQ(wait.at("owner_tid").is_number(), expected.owned);
    }
}

INSTANTIATE_TEST_SUITE_P(Made, Calls,
                         testing::Values("plain", "unoptimised", "no_stubs", "fixed", "static"),
                         [](const auto& info) { return std::string(info.param); });

// A library without names for its functions, which the program's code has left by a jump: what is
// left is the library, and never the shim's own function, in which every thread begins.
TEST(CallsOfOpenMp, AreTheLibrarysAtLeast) {
#ifdef OPENMP_TARGET
    Target target({OPENMP_TARGET});
    ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
    ASSERT_TRUE(target.ready());
    std::vector<std::string> calls;
    const auto look = [&] {
        calls.clear();
        const CliResult result = target.command("ps");
        for (const Json& thread : result.json.value("threads", Json::array())) {
            const Json& wait = thread.at("waiting_on");
            if (wait.is_object()) calls.push_back(text(wait.at("call")));
        }
        return calls.size() == 2;
    };
    ASSERT_TRUE(eventually(look)) << calls.size();
    for (const std::string& call : calls) {
        EXPECT_TRUE(call.starts_with("omp_") || call.starts_with("GOMP_") ||
                    call.starts_with("gomp_") || call.starts_with("libgomp.so"))
            << call;
    }
#else
    GTEST_SKIP() << "built without OpenMP";
#endif
}

}  // namespace
}  // namespace threadfault::test
