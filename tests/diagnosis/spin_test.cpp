// CPU time alone is no proof of progress: threads that only spin get nowhere, as far as can be
// told; those that compute do.
#include "lock_case.hpp"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace threadfault::test {
namespace {

bool may_sample() {
    perf_event_attr about{};
    about.size = sizeof about;
    about.type = PERF_TYPE_SOFTWARE;
    about.config = PERF_COUNT_SW_TASK_CLOCK;
    const long event = syscall(SYS_perf_event_open, &about, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (event >= 0) close(static_cast<int>(event));
    return event >= 0;
}

struct Burning {
    const char* situation;
    const char* verdict;
    const char* evidence;  // a part of it
};

std::ostream& operator<<(std::ostream& stream, const Burning& burning) {
    return stream << burning.situation;
}

class Burner : public testing::TestWithParam<Burning> {};

TEST_P(Burner, IsJudgedByWhatItDoes) {
    if (!may_sample()) GTEST_SKIP() << "perf_event_open is not permitted here";
    Scene scene({GetParam().situation});
    ASSERT_TRUE(scene.stands()) << scene.process().errors();
    CliResult result;
    // On a busy machine they, or whoever judges them, may get too little of a CPU, and it says so.
    eventually([&] {
        result = scene.command("watch", {"--for", "200ms"});
        return result.out.find("too little was seen") == std::string::npos &&
               result.out.find("does not answer") == std::string::npos;
    });
    EXPECT_EQ(result.text("verdict"), GetParam().verdict) << result;
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_NE(result.out.find(GetParam().evidence), std::string::npos) << result;
}

constexpr const char* kActive = "1 thread was active";

INSTANTIATE_TEST_SUITE_P(
    Situations, Burner,
    testing::Values(Burning{"spin-lock", "unknown", "3 threads spin in one loop of "},
                    Burning{"spin-flag", "unknown", "3 threads spin in one loop of "},
                    Burning{"spin-yield", "unknown", "3 threads spin in one loop of "},
                    Burning{"spin-back-off", "unknown", "3 threads spin in one loop of "},
                    Burning{"spin-look", "unknown", "3 threads spin in one loop of "},
                    Burning{"spin-try", "unknown", "3 threads spin in one loop of try_for_lock"},
                    Burning{"spin-semaphore", "unknown", "3 threads spin in one loop of "},
                    Burning{"spin-count", "unknown", "3 threads spin in one loop of "},
                    Burning{"spin-clock", "unknown", "spin"},
                    Burning{"spin-cycles", "unknown", "3 threads spin in one loop of "},
                    Burning{"livelock", "unknown", "2 threads spin in one loop of "},
                    Burning{"multiply", "progressing", kActive},
                    Burning{"hash", "progressing", kActive},
                    Burning{"add-up", "progressing", kActive},
                    Burning{"count", "progressing", kActive},
                    Burning{"search", "progressing", kActive},
                    Burning{"hash-for-a-while", "progressing", kActive},
                    Burning{"poll-nothing", "progressing", kActive},
                    Burning{"spin-beside-work", "progressing", "3 threads spin in one loop of "}));

// Of a Python program, whose interpreter handles SIGINT whatever the program does.
class Python : public testing::Test {
protected:
    void SetUp() override {
        if (!installed("python3")) GTEST_SKIP() << "no python3";
    }
    // Two threads, each with a lock that the other wants; `before` comes first.
    std::string verdict_of_deadlock(const std::string& before) {
        const std::string program =
            "import signal, threading\n"
            // Whoever starts us may ignore it: then it is not handled at all.
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "a, b = threading.Lock(), threading.Lock()\n" +
            before +
            "\nmet = threading.Barrier(2)\n"
            "def take(first, second):\n"
            "    with first:\n"
            "        met.wait()\n"
            "        with second: pass\n"
            "threads = [threading.Thread(target=take, args=pair) for pair in ((a, b), (b, a))]\n"
            "for thread in threads: thread.start()\n"
            "print('ready', flush=True)\n"
            "for thread in threads: thread.join()\n";
        Process process({"python3", "-c", program});
        EXPECT_EQ(process.read_until("ready"), "ready") << process.errors();
        EXPECT_TRUE(eventually([&] {
            const std::vector<pid_t> all = tasks(process.pid());
            return std::all_of(all.begin(), all.end(),
                               [&](pid_t tid) { return task_state(process.pid(), tid) == 'S'; });
        }));
        CliResult result;
        // At the start of the watching they may still be on their way.
        eventually([&] {
            result = run_cli({"--json", "watch", std::to_string(process.pid()), "--for", "200ms"});
            return result.text("verdict") != "progressing";
        });
        return result.text("verdict");
    }
};

TEST_F(Python, ItsOwnHandlerWakesNobody) {
    EXPECT_EQ(verdict_of_deadlock(""), "stuck");
}

TEST_F(Python, OneOfTheProgramMay) {
    EXPECT_EQ(verdict_of_deadlock("signal.signal(signal.SIGINT, lambda *_: a.release())"),
              "unknown");
    EXPECT_EQ(verdict_of_deadlock("signal.signal(signal.SIGTERM, lambda *_: a.release())"),
              "unknown");
}

}  // namespace
}  // namespace threadfault::test
