// What attaching costs the process that is attached to, as a thread of it sees it that reads the
// clock in a loop, beside gdb and strace: how long the borrowed thread stood still, how long
// another one did, and how soon a fault takes effect.
// Prints "name<TAB>ratio<TAB>ours<TAB>floor or peer<TAB>target", times in milliseconds.
#include "attach_shared.hpp"
#include "bench_support.hpp"
#include "client/connection.hpp"
#include "observe/process.hpp"

#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace bench;
using threadfault::client::Connection;
using threadfault::observe::Process;
namespace wire = threadfault::wire;

constexpr double kMs = 1e-6;  // of a nanosecond
constexpr int kAttachments = 200;
constexpr int kFaults = 200;
constexpr int kOfPeers = 3;
constexpr int kThreads = 1000;

double quantile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const auto last = static_cast<double>(values.size() - 1);
    return values[static_cast<std::size_t>(share * last + 0.5)];
}

void pause_us(long us) {
    const timespec time{0, us * 1000};
    nanosleep(&time, nullptr);
}

void pause_ms(long ms) {
    pause_us(ms * 1000);
}

// The last CPU is the target's, the others are for the tools: -1 where there is one alone.
int divide_cpus() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) < 2) return -1;
    std::size_t last = CPU_SETSIZE - 1;
    while (!CPU_ISSET(last, &set))
        --last;
    CPU_CLR(last, &set);
    sched_setaffinity(0, sizeof set, &set);
    return static_cast<int>(last);
}

// A program with a thread that reads the clock for as long as a Reading lives.
class ClockTarget {
public:
    ClockTarget(const std::string& program, int cpu, int threads) : threads_(threads) {
        const int page = mkstemp(path_.data());
        if (page < 0 || ftruncate(page, sizeof *shared_) != 0) std::exit(1);
        void* const mapped =
            mmap(nullptr, sizeof *shared_, PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
        if (mapped == MAP_FAILED) std::exit(1);
        close(page);
        shared_ = new (mapped) AttachShared;
        const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        pid_ = spawn({program, path_, std::to_string(cpu), std::to_string(threads)}, null, null);
        close(null);
        while (shared_->clock_reader.load() == 0)
            pause_ms(1);
        unlink(path_.c_str());
    }
    ~ClockTarget() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        munmap(shared_, sizeof *shared_);
    }
    ClockTarget(const ClockTarget&) = delete;
    ClockTarget& operator=(const ClockTarget&) = delete;

    std::string pid() const { return std::to_string(pid_); }
    std::string size() const {
        return ", " + std::to_string(threads_ + 1) + (threads_ == 0 ? " thread" : " threads");
    }
    AttachShared& shared() const { return *shared_; }

    pid_t make_victim() const {
        shared_->victim.store(0);
        shared_->victims_wanted.fetch_add(1);
        wake(&shared_->victims_wanted);
        while (shared_->victim.load() == 0)
            pause_ms(1);
        pause_ms(1);  // until it waits
        return shared_->victim.load();
    }
    static void wake(std::atomic<std::uint32_t>* word) {
        syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
    }

private:
    std::string path_ = "/dev/shm/bench-attach-XXXXXX";
    AttachShared* shared_ = nullptr;
    int threads_;
    pid_t pid_ = -1;
};

class Reading {
public:
    explicit Reading(const ClockTarget& target, bool calls = false) : shared_(target.shared()) {
        while (shared_.resting.load() == 0)
            sched_yield();
        shared_.calls.store(calls ? 1 : 0);
        shared_.steps.store(0);
        shared_.runs.store(1);
        ClockTarget::wake(&shared_.runs);
        while (shared_.steps.load() < 1000)
            sched_yield();
    }
    ~Reading() { shared_.runs.store(0); }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

    double longest_ms() const {
        return static_cast<double>(shared_.gap_end.load() - shared_.gap_begin.load()) * kMs;
    }
    double lost_ms() const { return static_cast<double>(shared_.lost.load()) * kMs; }

private:
    AttachShared& shared_;
};

// The longest time that the thread stood still during a command; how long that took is added.
double gap_during(const ClockTarget& target, const Command& command, std::vector<double>* took) {
    double gap = 0;
    {
        const Reading reading(target);
        took->push_back(time_command(command));
        gap = reading.longest_ms();
    }
    // As long a rest: the kernel takes the CPU from one that keeps it before all others.
    pause_ms(std::min(static_cast<long>(took->back()) + 1, 999L));
    return gap;
}

struct Ours {
    std::vector<double> quiet, attach, detach;  // gaps
    std::vector<double> looks, attaching, detaching;
};

Ours attachments(const std::string& tool, const ClockTarget& target, int rounds) {
    Ours ours;
    for (int round = 0; round < rounds; ++round) {
        ours.quiet.push_back(gap_during(target, {tool, "ps", target.pid()}, &ours.looks));
        ours.attach.push_back(gap_during(target, {tool, "attach", target.pid()}, &ours.attaching));
        ours.detach.push_back(gap_during(target, {tool, "detach", target.pid()}, &ours.detaching));
    }
    return ours;
}

bool have(const char* program) {
    return std::system((std::string("command -v ") + program + " >/dev/null 2>&1").c_str()) == 0;
}

// Both stop all threads, so any of them will do.
void beside_gdb(const ClockTarget& target, double ours, const char* limit) {
    const std::string name = "stall, gdb attach and detach / attach" + target.size();
    if (!have("gdb")) return no_row(name, "gdb is not installed");
    std::vector<double> gaps, took;
    for (int round = 0; round < kOfPeers; ++round)
        gaps.push_back(gap_during(target, {"gdb", "-nx", "-batch", "-p", target.pid()}, &took));
    row(name, ours, median(gaps), median(gaps) / ours, limit);
}

// It stops the thread at each system call; this one makes 10,000 a second.
void beside_strace(const ClockTarget& target, double ours, const char* limit) {
    const std::string of = "strace -f for 0.3 s / attach" + target.size();
    if (!have("strace")) return no_row("stall, " + of, "strace is not installed");
    std::vector<double> gaps, lost;
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int round = 0; round < kOfPeers; ++round) {
        const Reading reading(target, true);
        const pid_t pid = spawn({"strace", "-f", "-p", target.pid()}, null, null);
        pause_ms(300);
        kill(pid, SIGINT);
        waitpid(pid, nullptr, 0);
        gaps.push_back(reading.longest_ms());
        lost.push_back(reading.lost_ms());
    }
    close(null);
    row("stall, " + of, ours, median(gaps), median(gaps) / ours, limit);
    row("all stalls together, " + of, ours, median(lost), median(lost) / ours, limit);
}

void borrowed_thread(const std::string& tool, const std::string& program, int cpu) {
    const ClockTarget target(program, cpu, 0);
    const Ours ours = attachments(tool, target, kAttachments);
    const double stall = median(ours.attach);
    // The ratio is the figure itself where the target is a time.
    row("attach: the stopped thread's stall, median, ms", stall, 0.2, stall, "<= 0.2");
    const double worst = quantile(ours.attach, 0.99);
    row("attach: the stopped thread's stall, 99 of 100, ms", worst, 1, worst, "<= 1");
    row("detach: the stopped thread's stall, median, ms", median(ours.detach), 0.2,
        median(ours.detach), "<= 0.2");
    row("attach, the whole command, ms", median(ours.attaching), 30, median(ours.attaching),
        "<= 30");
    beside_gdb(target, stall, "peer");
    beside_strace(target, stall, "peer");
    const ClockTarget server(program, cpu, kThreads);
    beside_gdb(server, stall, ">= 1000");
    beside_strace(server, stall, ">= 100");
}

void bystander(const std::string& tool, const std::string& program, int cpu) {
    const ClockTarget target(program, cpu, 1);
    const Ours ours = attachments(tool, target, kAttachments / 2);
    for (const auto& [name, gaps] : {std::pair{"attach", &ours.attach}, {"detach", &ours.detach}}) {
        row(std::string("longest gap of another thread, ") + name + " - ps, ms", median(*gaps),
            median(ours.quiet), median(*gaps) - median(ours.quiet), "<= 0.05");
    }
}

std::int64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

// When the request was sent; nothing where it did not go well.
std::optional<std::int64_t> ask(Connection* connection, wire::Fault fault, pid_t tid) {
    wire::FaultRequest request;
    request.fault = fault;
    request.tid = tid;
    request.wait_ns = 1'000'000'000;
    const std::int64_t begin = now_ns();
    connection->send(request);
    const auto reply =
        connection->receive_fault(std::chrono::steady_clock::now() + std::chrono::seconds(2));
    const bool good = reply && (reply->outcome == wire::FaultOutcome::done ||
                                reply->outcome == wire::FaultOutcome::ended);
    return good ? std::optional(begin) : std::nullopt;
}

void faults(const std::string& tool, const std::string& program, int cpu) {
    const ClockTarget target(program, cpu, 1);
    time_command({tool, "attach", target.pid()});
    const Process process(std::stoi(target.pid()));
    Connection connection(process);
    const AttachShared& seen = target.shared();
    const pid_t reader = seen.clock_reader.load();
    std::vector<double> freezes, thaws, vanishings;
    for (int round = 0; round < kFaults; ++round) {
        const Reading reading(target);
        const auto frozen = ask(&connection, wire::Fault::freeze, reader);
        // Not for long: what it takes to wake a CPU that sleeps by then is the machine's.
        pause_us(100);
        const auto thawed = ask(&connection, wire::Fault::thaw, reader);
        if (!frozen || !thawed) continue;
        while (seen.gap_end.load() < *thawed)
            sched_yield();
        freezes.push_back(static_cast<double>(seen.gap_begin.load() - *frozen) * kMs);
        thaws.push_back(static_cast<double>(seen.gap_end.load() - *thawed) * kMs);
    }
    for (int round = 0; round < kFaults / 2; ++round) {
        const pid_t victim = target.make_victim();
        const auto begin = ask(&connection, wire::Fault::vanish, victim);
        if (begin) vanishings.push_back(static_cast<double>(now_ns() - *begin) * kMs);
    }
    const double freeze = median(freezes);
    row("freeze, from the request to the thread's last step, ms", freeze, 0.03, freeze, "<= 0.03");
    const double thaw = median(thaws);
    row("thaw, from the request to the thread's next step, ms", thaw, 0.06, thaw, "<= 0.06");
    const double vanish = median(vanishings);
    row("vanish, from the request to the news that it is gone, ms", vanish, 1, vanish, "<= 1");
    time_command({tool, "detach", target.pid()});
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: bench_attach THREADFAULT ATTACH_BENCH_TARGET\n", stderr);
        return 2;
    }
    const int cpu = divide_cpus();
    borrowed_thread(argv[1], argv[2], cpu);
    bystander(argv[1], argv[2], cpu);
    faults(argv[1], argv[2], cpu);
    return 0;
}
