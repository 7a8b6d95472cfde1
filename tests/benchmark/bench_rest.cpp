// What threadfault costs a program that nobody sends a command to: memory, and an agent that must
// not wake up; and what `watch` takes for itself.
// Prints "name<TAB>ratio<TAB>ours<TAB>floor or peer<TAB>target"; the ratio is the figure itself
// where the target is one.
#include "bench_support.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

using namespace bench;

constexpr int kThreads = 1000;

// A number behind a key of a file of /proc; -1: none.
double field(const std::string& path, const std::string& key) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(key)) return std::atof(line.c_str() + key.size());
    }
    return -1;
}

double resident_bytes(const Target& target) {
    const std::string path = "/proc/" + target.pid() + "/";
    return (field(path + "smaps_rollup", "Private_Clean:") +
            field(path + "smaps_rollup", "Private_Dirty:")) *
           1024;
}

// Of a program with that many threads, with the shim less without it.
double added_bytes(const std::string& tool, const std::string& program, int threads) {
    std::vector<double> differences;
    for (int round = 0; round < 3; ++round) {
        const Target with(tool, program, threads);
        const Target without("", program, threads);
        differences.push_back(resident_bytes(with) - resident_bytes(without));
    }
    return median(differences);
}

void memory(const std::string& tool, const std::string& program) {
    constexpr int kFew = 4;
    const double few = added_bytes(tool, program, kFew);
    const double many = added_bytes(tool, program, kThreads);
    const double mib = few / (1 << 20);
    row("memory of its own that the shim adds, MiB", mib, 0.48, mib, "<= 0.48");
    const double each = (many - few) / (kThreads - kFew);
    row("memory that it adds for each thread, bytes", each, 270, each, "<= 270");
}

std::string agent_of(const std::string& pid) {
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + pid + "/task")) {
        std::ifstream file(task.path() / "comm");
        std::string name;
        if (std::getline(file, name) && name == "threadfault") return task.path();
    }
    return {};
}

double wake_ups(const std::string& agent) {
    return field(agent + "/status", "voluntary_ctxt_switches:");
}

// Ten seconds with nothing to do; with and without a client that follows what happens.
void at_rest(const std::string& tool, const std::string& program) {
    const Target alone(tool, program, 4);
    const Target followed(tool, program, 4);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const pid_t client = spawn({tool, "events", followed.pid()}, null, null);
    const std::string agents[] = {agent_of(alone.pid()), agent_of(followed.pid())};
    // Until the client has been served.
    const timespec second{1, 0};
    nanosleep(&second, nullptr);
    double before[2];
    for (int i = 0; i < 2; ++i)
        before[i] = agents[i].empty() ? -1 : wake_ups(agents[i]);
    const timespec rest{10, 0};
    nanosleep(&rest, nullptr);
    const char* const names[] = {"wake-ups of an agent at rest, in 10 s",
                                 "wake-ups of an agent whose events a client follows, in 10 s"};
    for (int i = 0; i < 2; ++i) {
        if (before[i] < 0) {
            no_row(names[i], "the agent's thread was not found");
            continue;
        }
        const double woken = wake_ups(agents[i]) - before[i];
        row(names[i], woken, 0, woken, "<= 0");
    }
    kill(client, SIGKILL);
    waitpid(client, nullptr, 0);
    close(null);
}

void watching(const std::string& tool, const std::string& program) {
    const Target target(tool, program, kThreads);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    std::vector<double> shares;
    for (int round = 0; round < 5; ++round) {
        const double begin = now_ms();
        const pid_t pid = spawn({tool, "watch", target.pid(), "--for", "1s"}, null, null);
        rusage usage{};
        int status = 0;
        wait4(pid, &status, 0, &usage);
        const auto ms = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
        };
        const double took = now_ms() - begin;
        shares.push_back((ms(usage.ru_utime) + ms(usage.ru_stime)) / took * 100);
    }
    close(null);
    row("watch --for 1s of 1000 threads, its own CPU, %", median(shares), 2, median(shares),
        "<= 2");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: bench_rest THREADFAULT COMMANDS_TARGET\n", stderr);
        return 2;
    }
    memory(argv[1], argv[2]);
    at_rest(argv[1], argv[2]);
    watching(argv[1], argv[2]);
    return 0;
}
