// What whole commands cost, in interleaved rounds of one run: `kill` against a minimal client and
// against gdb, `ps` against ps(1), and how long another thread of the target is held up by a kill.
// Prints "name<TAB>ratio<TAB>ours<TAB>floor or peer<TAB>target", times in milliseconds.
#include "bench_support.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace bench;

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

// `built` stands beside the shim that its `run` loads; `tool` is its copy.
void kill_by_name(const std::string& built, const std::string& tool, const std::string& program,
                  const std::string& client, int threads, bool have_gdb) {
    Target target(built, program, threads);
    std::vector<double> kills;
    std::vector<double> vanishes;
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
        target.ask("victim");
        vanishes.push_back(
            time_command({tool, "kill", target.pid(), "name=victim", "--how", "vanish"}));
    }
    const std::string size = ", " + std::to_string(threads) + " threads";
    row("kill by name / minimal client" + size, median(kills), median(floors),
        median(kills) / median(floors), "<= 1.3");
    row("kill by name, --how vanish / minimal client" + size, median(vanishes), median(floors),
        median(vanishes) / median(floors), "<= 1.2");
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
        median(theirs), median(ours) / median(theirs), "<= 0.20");
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
    for (const int threads : {1000, 10000})
        list(built, tool, program, threads);
    return 0;
}
