// What the shim adds to a program that nobody sends a command to: thread creation as a ratio,
// start-up as a difference. Rounds with and without it alternate in one run.
// Prints "name<TAB>ratio or difference<TAB>with<TAB>without<TAB>target".
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

double now_us() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
}

struct Run {
    double wall_us = 0;
    double printed = 0;
};

Run run(const std::string& shim, std::vector<std::string> command) {
    std::array<int, 2> pipe_ends{};
    if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) std::exit(1);
    std::string preload = "LD_PRELOAD=" + shim;
    std::string path = "PATH=/usr/bin:/bin";
    std::array<char*, 3> environment{path.data(), shim.empty() ? nullptr : preload.data(), nullptr};
    std::vector<char*> arguments;
    for (std::string& word : command)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 1);
    Run result;
    const double begin = now_us();
    pid_t pid = -1;
    if (posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environment.data()) !=
        0) {
        std::exit(1);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    result.wall_us = now_us() - begin;
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_ends[1]);
    std::array<char, 64> text{};
    if (read(pipe_ends[0], text.data(), text.size() - 1) > 0)
        result.printed = std::atof(text.data());
    close(pipe_ends[0]);
    if (status != 0) {
        std::fprintf(stderr, "bench_create: %s: wait status %d\n", command[0].c_str(), status);
        std::exit(1);
    }
    return result;
}

void ratio_row(const char* name, const std::string& shim, const std::string& program,
               const char* what, const char* rounds, const char* target) {
    std::vector<double> with;
    std::vector<double> without;
    std::vector<double> ratios;
    for (int round = 0; round < 25; ++round) {
        without.push_back(run("", {program, what, rounds}).printed / 1e3);
        with.push_back(run(shim, {program, what, rounds}).printed / 1e3);
        ratios.push_back(with.back() / without.back());
    }
    std::printf("%s\t%.3f\t%.2f\t%.2f\t%s\n", name, median(ratios), median(with), median(without),
                target);
    std::fflush(stdout);
}

void start_row(const char* name, const std::string& shim, const std::vector<std::string>& command,
               const char* target) {
    std::vector<double> with;
    std::vector<double> without;
    std::vector<double> differences;
    for (int round = 0; round < 400; ++round) {
        without.push_back(run("", command).wall_us / 1e3);
        with.push_back(run(shim, command).wall_us / 1e3);
        differences.push_back(with.back() - without.back());
    }
    std::printf("%s\t%.3f\t%.3f\t%.3f\t%s\n", name, median(differences), median(with),
                median(without), target);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fputs("usage: bench_create SHIM CREATE_TARGET EMPTY_TARGET\n", stderr);
        return 2;
    }
    const std::string shim = argv[1];
    const std::string program = argv[2];
    const std::string empty = argv[3];
    ratio_row("pthread_create + join, one CPU, us", shim, program, "pinned", "2000", "<= 1.02");
    ratio_row("pthread_create + join, two CPUs, us", shim, program, "spread", "2000", "<= 1.08");
    ratio_row("burst of 64, one thread's share, us", shim, program, "burst", "100", "<= 1.08");
    ratio_row("fork + exit + waitpid, us", shim, program, "fork", "300", "<= 1.1");
    ratio_row("the same, and the child makes a thread, us", shim, program, "fork-first", "300",
              "<= 1.5");
    start_row("start-up of an empty C program, difference in ms", shim, {empty}, "<= 0.10");
    // Less what the empty one costs: run both, so that the same program is compared.
    start_row("start-up with a first thread, difference in ms", shim, {program, "first"},
              "<= 0.30");
    return 0;
}
