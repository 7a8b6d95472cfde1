// What benchmarks of whole commands share: running one, the target, a row of the report.
#ifndef THREADFAULT_BENCHMARK_BENCH_SUPPORT_HPP
#define THREADFAULT_BENCHMARK_BENCH_SUPPORT_HPP

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace bench {

inline double now_ms() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

inline double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

using Command = std::vector<std::string>;

inline pid_t spawn(const Command& command, int in, int out) {
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
        std::fprintf(stderr, "benchmark: can't run %s\n", arguments[0]);
        std::exit(1);
    }
    return pid;
}

// Wall time of one run, output to /dev/null; a failing command ends the benchmark.
inline double time_command(const Command& command) {
    static const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const double begin = now_ms();
    const pid_t pid = spawn(command, null, null);
    int status = 0;
    waitpid(pid, &status, 0);
    const double took = now_ms() - begin;
    if (status != 0) {
        std::fprintf(stderr, "benchmark: %s failed with wait status %d\n", command[0].c_str(),
                     status);
        std::exit(1);
    }
    return took;
}

class Target {
public:
    // `threadfault` empty: without it.
    Target(const std::string& threadfault, const std::string& program, int threads, int depth = 0) {
        int to[2];
        int from[2];
        if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) std::exit(1);
        Command command{program, std::to_string(threads), std::to_string(depth)};
        if (!threadfault.empty()) command.insert(command.begin(), {threadfault, "run", "--"});
        pid_ = spawn(command, to[0], from[1]);
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
            std::fputs("benchmark: the target ended\n", stderr);
            std::exit(1);
        }
        return line;
    }
    pid_t pid_ = -1;
    FILE* in_ = nullptr;
    FILE* out_ = nullptr;
};

// A row for what could not be measured says why.
inline void no_row(const std::string& name, const std::string& why) {
    std::printf("%s\t-\t-\t-\tnot measured: %s\n", name.c_str(), why.c_str());
    std::fflush(stdout);
}

inline void row(const std::string& name, double ours, double other, double ratio,
                const char* target) {
    std::printf("%s\t%.3f\t%.3f\t%.3f\t%s\n", name.c_str(), ratio, ours, other, target);
    std::fflush(stdout);
}

}  // namespace bench

#endif  // THREADFAULT_BENCHMARK_BENCH_SUPPORT_HPP
