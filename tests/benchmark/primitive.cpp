// What running a function on another thread costs above the least that the kernel asks for it: one
// rt_tgsigqueueinfo, a handler, a futex. Ours and the bare form alternate call by call (batches:
// round by round) in one run, because wake-ups across CPUs are bistable and drift.
// Prints "name<TAB>ratio<TAB>ours<TAB>floor<TAB>target", times in microseconds (medians).
#include "execute/core.hpp"
#include "execute/syscalls.hpp"

#include <threadfault/execute.h>

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace {

using namespace threadfault::execute;

// ---- the floor -------------------------------------------------------------------------------

struct BareRequest {
    std::atomic<std::uint32_t> done{0};
};
int bare_signal = 0;
std::atomic<std::uint32_t> bare_left{0};
volatile int work_done = 0;

void work(void*) {
    work_done = 1;
}

void bare_handler(int, siginfo_t* info, void*) {
    const int saved = errno;
    auto* const request = static_cast<BareRequest*>(info->si_value.sival_ptr);
    work(nullptr);
    if (request != nullptr) {
        request->done.store(1, std::memory_order_release);
        sys_futex_wake(&request->done, 1);
    } else if (bare_left.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        sys_futex_wake(&bare_left, 1);
    }
    errno = saved;
}

void bare_send(pid_t pid, pid_t tid, BareRequest* request) {
    siginfo_t info;
    std::memset(&info, 0, sizeof info);
    info.si_code = SI_QUEUE;
    info.si_pid = pid;
    info.si_value.sival_ptr = request;
    if (sys_rt_tgsigqueueinfo(pid, tid, bare_signal, &info) != 0) std::abort();
}

void bare_round_trip(pid_t pid, pid_t tid) {
    static BareRequest request;
    request.done.store(0, std::memory_order_relaxed);
    bare_send(pid, tid, &request);
    while (request.done.load(std::memory_order_acquire) == 0)
        sys_futex_wait(&request.done, 0);
}

// ---- threads that sleep in a futex -----------------------------------------------------------

void pin(int cpu) {  // -1: anywhere
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < CPU_SETSIZE; ++i) {
        if (cpu < 0 || i == cpu) CPU_SET(i, &set);
    }
    sched_setaffinity(0, sizeof set, &set);
}

class Sleeper {
public:
    explicit Sleeper(int cpu) : cpu_(cpu) {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, 64 * 1024);
        if (pthread_create(&thread_, &attributes, body, this) != 0) std::abort();
        pthread_attr_destroy(&attributes);
        while (tid() == 0)
            sched_yield();
    }
    ~Sleeper() {
        stop_.store(1);
        sys_futex_wake(&stop_);
        pthread_join(thread_, nullptr);
    }
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;
    pid_t tid() const { return tid_.load(); }

private:
    static void* body(void* argument) {
        auto* const self = static_cast<Sleeper*>(argument);
        pin(self->cpu_);
        self->tid_.store(sys_gettid());
        while (self->stop_.load() == 0)
            sys_futex_wait(&self->stop_, 0);
        return nullptr;
    }

    int cpu_;
    pthread_t thread_{};
    std::atomic<pid_t> tid_{0};
    std::atomic<std::uint32_t> stop_{0};
};

// ---- figures ---------------------------------------------------------------------------------

class Pair {
public:
    template <typename Ours, typename Floor>
    void round(Ours ours, Floor floor, bool keep) {
        const std::int64_t begin = monotonic_ns();
        floor();
        const std::int64_t middle = monotonic_ns();
        ours();
        const std::int64_t end = monotonic_ns();
        if (!keep) return;
        floor_.push_back(middle - begin);
        ours_.push_back(end - middle);
    }
    void print(const char* name, const char* target) {
        const double ours = median(ours_);
        const double floor = median(floor_);
        std::printf("%s\t%.3f\t%.2f\t%.2f\t%s\n", name, ours / floor, ours, floor, target);
        std::fflush(stdout);
    }

private:
    static double median(std::vector<std::int64_t>& values) {
        std::sort(values.begin(), values.end());
        return static_cast<double>(values[values.size() / 2]) / 1000;
    }
    std::vector<std::int64_t> ours_;
    std::vector<std::int64_t> floor_;
};

void require(bool ok, const char* what) {
    if (ok) return;
    std::fprintf(stderr, "bench_primitive: %s\n", what);
    std::exit(1);
}

void round_trip(const char* name, const char* target, int our_cpu, int their_cpu, int rounds,
                const timespec* timeout) {
    Sleeper sleeper(their_cpu);
    pin(our_cpu);
    const pid_t pid = sys_getpid();
    const pid_t tid = sleeper.tid();
    Pair pair;
    for (int i = -rounds / 10; i < rounds; ++i) {
        pair.round(
            [&] {
                const int result = tf_execute_on_tid(tid, work, nullptr, timeout);
                require(result == TF_EXECUTE_DONE, tf_execute_result_text(result));
            },
            [&] { bare_round_trip(pid, tid); }, i >= 0);
    }
    pair.print(name, target);
    pin(-1);
}

// Hot means many calls in a row, so the two forms alternate in blocks here.
void hot_loop(int rounds) {
    constexpr int kBlock = 200;
    Sleeper sleeper(-1);
    const pid_t pid = sys_getpid();
    const pid_t tid = sleeper.tid();
    Pair pair;
    for (int i = -2; i < rounds; ++i) {
        pair.round(
            [&] {
                for (int k = 0; k < kBlock; ++k)
                    tf_execute_on_tid(tid, work, nullptr, nullptr);
            },
            [&] {
                for (int k = 0; k < kBlock; ++k)
                    bare_round_trip(pid, tid);
            },
            i >= 0);
    }
    pair.print("primitive: 200 round trips in a row, unpinned", "<= 0.50");
}

void to_oneself(int rounds) {
    const pid_t pid = sys_getpid();
    const pid_t tid = sys_gettid();
    Pair pair;
    for (int i = -rounds / 10; i < rounds; ++i) {
        pair.round([&] { tf_execute_on_tid(tid, work, nullptr, nullptr); },
                   [&] { bare_round_trip(pid, tid); }, i >= 0);
    }
    pair.print("primitive: on oneself", "-");
}

void batch(unsigned count, int rounds, const char* name, const char* target) {
    std::vector<std::unique_ptr<Sleeper>> sleepers;
    for (unsigned i = 0; i < count; ++i)
        sleepers.push_back(std::make_unique<Sleeper>(-1));
    std::vector<Ticket> tickets(count);
    const pid_t pid = sys_getpid();
    Pair pair;
    for (int round = -2; round < rounds; ++round) {
        pair.round(
            [&] {
                for (unsigned i = 0; i < count; ++i) {
                    const Post posted =
                        post_plain(pid, sleepers[i]->tid(), work, nullptr, &tickets[i]);
                    require(posted == Post::posted, "post failed");
                }
                require(wait_all(tickets.data(), count, kNever) == 0, "some did not answer");
                for (const Ticket ticket : tickets)
                    release(ticket);
            },
            [&] {
                bare_left.store(count);
                for (unsigned i = 0; i < count; ++i) {
                    bare_send(pid, sleepers[i]->tid(), nullptr);
                }
                while (const std::uint32_t left = bare_left.load()) {
                    sys_futex_wait(&bare_left, left);
                }
            },
            round >= 0);
    }
    pair.print(name, target);
}

}  // namespace

int main() {
    // The first request chooses ours; the floor takes another number.
    require(tf_execute_on_tid(sys_gettid(), work, nullptr, nullptr) == TF_EXECUTE_DONE,
            "the primitive does not work here");
    bare_signal = choose_signal(tf_execute_signal());
    struct sigaction action;
    std::memset(&action, 0, sizeof action);
    action.sa_sigaction = bare_handler;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    require(sigaction(bare_signal, &action, nullptr) == 0, "no second signal");

    const timespec second{1, 0};
    to_oneself(20000);
    round_trip("primitive: round trip, same CPU", "<= 1.10", 0, 0, 20000, &second);
    round_trip("primitive: round trip, same CPU, no timeout", "<= 1.10", 0, 0, 20000, nullptr);
    round_trip("primitive: round trip, other CPU", "<= 1.15", 0, 1, 5000, &second);
    round_trip("primitive: round trip, unpinned", "<= 1.15", -1, -1, 5000, &second);
    hot_loop(100);
    batch(100, 100, "primitive: batch of 100 threads", "-");
    batch(1000, 20, "primitive: batch of 1000 threads", "<= 1.15");
    return 0;
}
