// What `stack` and `locks` cost on a thousand threads, in interleaved rounds of one run: whole
// commands against gdb and eu-stack, captures alone against a round of empty handlers, how long
// threads are held, and whether a thread that keeps the loader's lock is in the way.
// Prints "name<TAB>ratio<TAB>ours<TAB>floor or peer<TAB>target", times in milliseconds.
#include "bench_support.hpp"
#include "client/connection.hpp"
#include "diagnose/capture.hpp"
#include "observe/process.hpp"

#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace bench;

constexpr int kThreads = 1000;
constexpr int kDepth = 18;  // 19 of descend(), and two of the target's and four of libc's: 25
const std::string kSize = ", 1000 threads, 25 frames";

// Names are cached below it: a fresh one for each time that counts as the first.
class Cache {
public:
    Cache() {
        if (mkdtemp(directory_.data()) == nullptr) std::exit(1);
        setenv("XDG_CACHE_HOME", directory_.c_str(), 1);
    }
    ~Cache() { std::filesystem::remove_all(directory_); }
    Cache(const Cache&) = delete;
    Cache& operator=(const Cache&) = delete;

private:
    std::string directory_ = "/tmp/bench-diagnosis-XXXXXX";
};

bool have(const char* program) {
    return std::system((std::string("command -v ") + program + " >/dev/null 2>&1").c_str()) == 0;
}

struct Peer {
    std::string name;
    Command command;
    const char* target;
    std::vector<double> times;
    std::vector<double> gaps;
};

// Whole commands, with names. Not of a copy: the helper program is looked for beside the command.
void commands(const std::string& built, const std::string& program) {
    Target target(built, program, kThreads, kDepth);
    const Command stack{built, "stack", target.pid()};
    std::vector<Peer> peers{
        {"gdb",
         {"gdb", "-nx", "-batch", "-p", target.pid(), "-ex", "thread apply all bt"},
         ">= 20",
         {},
         {}},
        {"eu-stack", {"eu-stack", "-p", target.pid()}, ">= 10", {}, {}}};
    std::vector<double> first, later, gaps, locks;
    for (int round = 0; round < 5; ++round) {
        const Cache cache;
        first.push_back(time_command(stack));
        target.gap_ms();
        later.push_back(time_command(stack));
        gaps.push_back(target.gap_ms());
        locks.push_back(time_command({built, "locks", target.pid()}));
        for (Peer& peer : peers) {
            if (round >= 3 || !have(peer.command[0].c_str())) continue;
            target.gap_ms();
            peer.times.push_back(time_command(peer.command));
            peer.gaps.push_back(target.gap_ms());
        }
    }
    const double ours = median(later);
    for (const Peer& peer : peers) {
        const std::string name = peer.name + " / stack" + kSize;
        if (peer.times.empty()) {
            no_row(name, peer.name + " is not installed");
            continue;
        }
        row(name, ours, median(peer.times), median(peer.times) / ours, peer.target);
        row("longest gap of another thread, " + peer.name + ", ms", median(gaps), median(peer.gaps),
            median(peer.gaps), "peer");
    }
    // The ratio is the figure itself where the target is a time.
    row("longest gap of another thread, stack, ms", median(gaps), 6, median(gaps), "<= 6");
    row("stack, names cached / first time", ours, median(first), ours / median(first), "<= 1");
    row("stack, first time, ms", median(first), 60, median(first), "<= 60");
    row("stack, names cached, ms", ours, 22, ours, "<= 22");
    row("locks, 1000 threads, ms", median(locks), 15, median(locks), "<= 15");
}

using namespace threadfault;

// Captures of all resting threads over one connection, as `stack` makes them.
class Capturer {
public:
    explicit Capturer(const Target& target)
        : process_(std::stoi(target.pid())), connection_(process_) {
        for (const auto& record : connection_.list("w*"))
            targets_.push_back({record.tid, record.tid, record.serial});
    }
    // Appends, for each, how long it was held (microseconds); below 0: no answer.
    double take(std::vector<double>* held) {
        const double begin = now_ms();
        diagnose::capture_by_agent(process_, connection_, targets_,
                                   [held](std::size_t, const diagnose::Snapshot& snapshot) {
                                       const bool answered = snapshot.via == diagnose::Via::agent;
                                       held->push_back(answered ? snapshot.held_seconds * 1e6 : -1);
                                   });
        return now_ms() - begin;
    }

private:
    observe::Process process_;
    client::Connection connection_;
    std::vector<diagnose::Thread> targets_;
};

// "First" is of a fresh target on both sides: no thread of it has run a handler yet.
void captures(const std::string& built, const std::string& program) {
    std::vector<double> floors, floors_again, first, second, held;
    for (int round = 0; round < 7; ++round) {
        {
            Target target(built, program, kThreads, kDepth);
            floors.push_back(std::atof(target.ask("round").c_str() + 6) / 1e6);
            floors_again.push_back(std::atof(target.ask("round").c_str() + 6) / 1e6);
        }
        Target target(built, program, kThreads, kDepth);
        Capturer capturer(target);
        first.push_back(capturer.take(&held));
        std::vector<double> again;
        second.push_back(capturer.take(&again));
    }
    const auto unanswered =
        std::count_if(held.begin(), held.end(), [](double us) { return us < 0; });
    if (unanswered > 0 || held.size() != 7U * kThreads) {
        std::fprintf(stderr, "bench_diagnosis: %zu captures, %td of them without an answer\n",
                     held.size(), unanswered);
        std::exit(1);
    }
    const double floor = median(floors);
    row("captures of all, first time / round of empty handlers", median(first), floor,
        median(first) / floor, "<= 1.3");
    // A thread's first signal makes the page that its frame lies on; the floor shows how much that
    // is.
    row("round of empty handlers, second time / first time", median(floors_again), floor,
        median(floors_again) / floor, "peer");
    row("captures of all, second time / round of empty handlers, second time", median(second),
        median(floors_again), median(second) / median(floors_again), "<= 1.5");
    const std::string again = "captures of all, second time / first time";
    const double ratio = median(second) / median(first);
    row(again, median(second), median(first), ratio, "<= 1.2");
    row(again, median(second), median(first), ratio, ">= 0.8");
    row("a thread held in the handler, median, us", median(held), 20, median(held), "<= 20");
    const double longest = *std::max_element(held.begin(), held.end());
    row("a thread held in the handler, longest (with preemption), us", longest, 20, longest,
        "<= 20");
}

// Whole commands on one thread while another keeps the loader's lock, awake or frozen.
void loader_lock(const std::string& built, const std::string& program) {
    Target target(built, program, 4, kDepth);
    const Cache cache;
    const Command stack{built, "stack", target.pid(), "main"};
    time_command(stack);
    std::vector<double> kept, frozen, free;
    const auto measure = [&stack](std::vector<double>* times) {
        for (int round = 0; round < 15; ++round)
            times->push_back(time_command(stack));
    };
    measure(&free);
    const std::string holder = target.ask("loader").substr(7);
    measure(&kept);
    Capturer capturer(target);
    std::vector<double> answers, held;
    for (int round = 0; round < 15; ++round)
        answers.push_back(capturer.take(&held));
    time_command({built, "freeze", target.pid(), holder.substr(0, holder.size() - 1)});
    measure(&frozen);
    row("captures of 4 threads, a fifth has the loader's lock, ms", median(answers), 5,
        median(answers), "<= 5");
    row("stack, another thread has the loader's lock / nobody has", median(kept), median(free),
        median(kept) / median(free), "<= 1.2");
    row("stack, a frozen thread has the loader's lock / nobody has", median(frozen), median(free),
        median(frozen) / median(free), "<= 1.2");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: bench_diagnosis THREADFAULT COMMANDS_TARGET\n", stderr);
        return 2;
    }
    commands(argv[1], argv[2]);
    captures(argv[1], argv[2]);
    loader_lock(argv[1], argv[2]);
    return 0;
}
