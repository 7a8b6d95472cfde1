// What whole commands cost, in interleaved rounds of one run: `kill` against a minimal client and
// against gdb, `ps` against ps(1), and how long another thread of the target is held up by a kill.
// Prints "name<TAB>ratio<TAB>ours<TAB>floor or peer<TAB>target", times in milliseconds.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace {

double now_ms() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

using Command = std::vector<std::string>;

pid_t spawn(const Command& command, int in, int out) {
    std::vector<char*> arguments;
    for (const auto& word : command)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    if (std::getenv("BENCH_VERBOSE") == nullptr) {
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    }
    pid_t pid = -1;
    const int error =
        posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        std::fprintf(stderr, "bench_commands: can't run %s\n", arguments[0]);
        std::exit(1);
    }
    return pid;
}

// Wall time of one run, output to /dev/null; a failing command ends the benchmark.
double time_command(const Command& command) {
    static const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const double begin = now_ms();
    const pid_t pid = spawn(command, null, null);
    int status = 0;
    waitpid(pid, &status, 0);
    const double took = now_ms() - begin;
    if (status != 0) {
        std::fprintf(stderr, "bench_commands: %s failed with wait status %d\n", command[0].c_str(),
                     status);
        std::exit(1);
    }
    return took;
}

class Target {
public:
    Target(const std::string& threadfault, const std::string& program, int threads, int depth = 0) {
        int to[2];
        int from[2];
        if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) std::exit(1);
        pid_ = spawn(
            {threadfault, "run", "--", program, std::to_string(threads), std::to_string(depth)},
            to[0], from[1]);
        close(to[0]);
        close(from[1]);
        in_ = fdopen(to[1], "w");
        out_ = fdopen(from[0], "r");
        answer();
    }
    ~Target() {
        std::fclose(in_);
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        std::fclose(out_);
    }
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;

    std::string ask(const char* line) {
        std::fprintf(in_, "%s\n", line);
        std::fflush(in_);
        return answer();
    }
    // Milliseconds since the last call.
    double gap_ms() { return std::atof(ask("gap").c_str() + 4) / 1e6; }
    std::string pid() const { return std::to_string(pid_); }
    std::string socket() const {
        return "/tmp/threadfault-" + std::to_string(geteuid()) + "/" + pid() + ".sock";
    }

private:
    std::string answer() {
        char line[128];
        if (std::fgets(line, sizeof line, out_) == nullptr) {
            std::fputs("bench_commands: the target ended\n", stderr);
            std::exit(1);
        }
        return line;
    }
    pid_t pid_ = -1;
    FILE* in_ = nullptr;
    FILE* out_ = nullptr;
};

// A file that the linker has just written lies in the page cache in small pieces and starts 0.13 ms
// slower than a copy of it; what is installed is a copy. So both sides are copied.
class Copies {
public:
    Copies() {
        if (mkdtemp(directory_.data()) == nullptr) std::exit(1);
    }
    ~Copies() { std::filesystem::remove_all(directory_); }
    Copies(const Copies&) = delete;
    Copies& operator=(const Copies&) = delete;
    std::string of(const std::string& file) const {
        const std::filesystem::path to =
            std::filesystem::path(directory_) / std::filesystem::path(file).filename();
        std::filesystem::copy_file(file, to);
        return to;
    }

private:
    std::string directory_ = "/tmp/bench-commands-XXXXXX";
};

void row(const std::string& name, double ours, double other, double ratio, const char* target) {
    std::printf("%s\t%.3f\t%.3f\t%.3f\t%s\n", name.c_str(), ratio, ours, other, target);
    std::fflush(stdout);
}

// `built` stands beside the shim that its `run` loads; `tool` is its copy.
void kill_by_name(const std::string& built, const std::string& tool, const std::string& program,
                  const std::string& client, int threads, bool have_gdb) {
    Target target(built, program, threads);
    std::vector<double> kills;
    std::vector<double> floors;
    std::vector<double> quiet;
    std::vector<double> gaps;
    for (int round = 0; round < 60; ++round) {
        target.ask("victim");
        floors.push_back(time_command({client, target.socket()}));
        // The same command without its kill: what starting a process costs the heartbeat.
        target.gap_ms();
        time_command({client, target.socket()});
        quiet.push_back(target.gap_ms());
        kills.push_back(time_command({tool, "kill", target.pid(), "name=victim"}));
        gaps.push_back(target.gap_ms());
    }
    const std::string size = ", " + std::to_string(threads) + " threads";
    row("kill by name / minimal client" + size, median(kills), median(floors),
        median(kills) / median(floors), "<= 1.5");
    row("longest gap of another thread, kill - minimal client, ms" + size, median(gaps),
        median(quiet), median(gaps) - median(quiet), "<= 0.05");
    if (!have_gdb) return;
    std::vector<double> gdb;
    std::vector<double> gdb_gaps;
    for (int round = 0; round < 3; ++round) {
        const std::string answer = target.ask("victim");
        const std::string handle = answer.substr(answer.rfind(' ') + 1);
        target.gap_ms();
        gdb.push_back(time_command({"gdb", "-nx", "-batch", "-p", target.pid(), "-ex",
                                    "call (int)pthread_cancel((unsigned long)" +
                                        handle.substr(0, handle.size() - 1) + ")"}));
        gdb_gaps.push_back(target.gap_ms());
    }
    row("gdb pthread_cancel / kill by name" + size, median(kills), median(gdb),
        median(gdb) / median(kills), ">= 200");
    row("longest gap of another thread, gdb, ms" + size, median(gaps), median(gdb_gaps),
        median(gdb_gaps) / median(gaps), "peer");
}

void list(const std::string& built, const std::string& tool, const std::string& program,
          int threads) {
    Target target(built, program, threads);
    std::vector<double> ours;
    std::vector<double> theirs;
    const int rounds = threads > 5000 ? 7 : 15;
    for (int round = 0; round < rounds; ++round) {
        theirs.push_back(
            time_command({"ps", "-L", "-o", "tid,comm,stat,wchan,pcpu", "-p", target.pid()}));
        ours.push_back(time_command({tool, "ps", target.pid()}));
    }
    row("threadfault ps / ps -L, " + std::to_string(threads) + " threads", median(ours),
        median(theirs), median(ours) / median(theirs), "<= 0.35");
}

// Backtraces of all threads, with names: whole commands. Not a copy: the helper program is looked
// for beside the command.
void backtraces(const std::string& built, const std::string& program, bool have_gdb) {
    constexpr int kThreads = 1000;
    constexpr int kDepth = 20;  // and five of libc's and the wait's own
    Target target(built, program, kThreads, kDepth);
    const bool have_eu = std::system("command -v eu-stack >/dev/null 2>&1") == 0;
    std::vector<double> ours, gdb, eu, gaps, eu_gaps, gdb_gaps, locks;
    const double first = time_command({built, "stack", target.pid()});
    for (int round = 0; round < 5; ++round) {
        target.gap_ms();
        ours.push_back(time_command({built, "stack", target.pid()}));
        gaps.push_back(target.gap_ms());
        locks.push_back(time_command({built, "locks", target.pid()}));
        target.gap_ms();
        if (have_gdb) {
            gdb.push_back(time_command(
                {"gdb", "-nx", "-batch", "-p", target.pid(), "-ex", "thread apply all bt"}));
            gdb_gaps.push_back(target.gap_ms());
        }
        if (have_eu) {
            eu.push_back(time_command({"eu-stack", "-p", target.pid()}));
            eu_gaps.push_back(target.gap_ms());
        }
    }
    row("stack, first time (no cache of names), ms", first, median(ours), first / median(ours),
        ">= 1");
    if (have_gdb) {
        row("gdb thread apply all bt / stack, 1000 threads, 25 frames", median(ours), median(gdb),
            median(gdb) / median(ours), ">= 20");
        row("longest gap of another thread, stack and gdb, ms", median(gaps), median(gdb_gaps),
            median(gdb_gaps) / median(gaps), "gap <= 6");
    }
    if (have_eu) {
        row("eu-stack -p / stack, 1000 threads, 25 frames", median(ours), median(eu),
            median(eu) / median(ours), ">= 10");
    }
    row("locks, 1000 threads, ms", median(locks), 100, median(locks) / 100, "<= 1");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fputs("usage: bench_commands THREADFAULT COMMANDS_TARGET MINIMAL_CLIENT\n", stderr);
        return 2;
    }
    const std::string built = argv[1];
    const Copies copies;
    const std::string tool = copies.of(built);
    const std::string client = copies.of(argv[3]);
    const std::string program = argv[2];
    const bool have_gdb = std::system("command -v gdb >/dev/null 2>&1") == 0;
    for (const int threads : {4, 1000})
        kill_by_name(built, tool, program, client, threads, have_gdb);
    backtraces(built, program, have_gdb);
    for (const int threads : {1000, 10000})
        list(built, tool, program, threads);
    return 0;
}
