// thread_killer: looks at its own threads and ends them, with nothing but libthreadfault.
#include <getopt.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "console.hpp"
#include "questions.hpp"

namespace {

constexpr const char* kHelp =
    "usage: thread_killer [--workload [ROUNDS]]\n"
    "\n"
    "Starts four threads, one busy, one asleep, one in a condition variable and one in poll(2),\n"
    "and takes commands about them on standard input (`help` lists them).\n"
    "\n"
    "  --workload [ROUNDS]  ask and end every thread, check all answers; exit 0 if right, else 1\n"
    "  --help               this text\n";

int usage_error() {
    std::fputs(kHelp, stderr);
    return 2;
}

}  // namespace

int main(int argc, char** argv) try {
    static constexpr std::array<option, 3> kOptions{option{"workload", no_argument, nullptr, 'w'},
                                                    option{"help", no_argument, nullptr, 'h'},
                                                    option{nullptr, 0, nullptr, 0}};
    bool workload = false;
    int letter = 0;
    while ((letter = getopt_long(argc, argv, "h", kOptions.data(), nullptr)) != -1) {
        if (letter == 'h') {
            std::fputs(kHelp, stdout);
            return 0;
        }
        if (letter != 'w') return usage_error();
        workload = true;
    }
    if (optind < argc - (workload ? 1 : 0)) return usage_error();

    thread_killer::prepare_questions();
    if (workload) {
        const int rounds = optind < argc ? std::atoi(argv[optind]) : 10;
        if (rounds < 1) return usage_error();
        return thread_killer::run_workload(rounds) ? 0 : 1;
    }
    thread_killer::Crew crew;
    thread_killer::converse(crew);
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "thread_killer: %s\n", error.what());
    return 1;
}
