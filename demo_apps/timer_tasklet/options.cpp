#include "options.hpp"

#include <getopt.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace timer_tasklet {
namespace {

constexpr char kHelp[] =
    "Usage: timer_tasklet [OPTIONS]\n"
    "       timer_tasklet [OPTIONS] --workload TIME\n"
    "\n"
    "Periodic work with high-resolution timers. The thread \"tick\" fires the timers and defers "
    "the\n"
    "work to the thread \"soft-worker\". Without --workload it measures how late timers are with "
    "and\n"
    "without that, two seconds each.\n"
    "\n"
    "  --fragile        take it for granted that both threads live (default)\n"
    "  --robust         a watchdog replaces either when it is gone\n"
    "  --workload TIME  work for so long, deferred, and check what was done\n"
    "  --timers N       how many (default 4)\n"
    "  --period TIME    of each timer (default 10ms)\n"
    "  --work TIME      that each firing costs (default 500us)\n"
    "  -h, --help       show this help\n"
    "\n"
    "TIME takes us, ms or s. Exit status: 0 all work was done, once and rightly, 1 it was not,\n"
    "2 usage.\n";

[[noreturn]] void usage(const std::string& message) {
    std::fprintf(stderr, "timer_tasklet: %s (see --help)\n", message.c_str());
    std::exit(2);
}

std::chrono::nanoseconds time_argument(const char* text) {
    char* end = nullptr;
    const double number = std::strtod(text, &end);
    const std::string unit = end;
    const double scale = unit == "us" ? 1e3 : unit == "ms" ? 1e6 : unit == "s" ? 1e9 : 0;
    if (!(number * scale >= 1e3 && number * scale <= 1e13))
        usage("not a time: " + std::string(text));
    return std::chrono::nanoseconds(static_cast<long>(number * scale));
}

}  // namespace

Options parse_options(int argc, char** argv) {
    static constexpr option kOptions[] = {
        {"fragile", no_argument, nullptr, 'f'},        {"robust", no_argument, nullptr, 'r'},
        {"workload", required_argument, nullptr, 'w'}, {"timers", required_argument, nullptr, 't'},
        {"period", required_argument, nullptr, 'p'},   {"work", required_argument, nullptr, 'W'},
        {"help", no_argument, nullptr, 'h'},           {nullptr, 0, nullptr, 0}};
    Options options;
    for (int c = 0; (c = getopt_long(argc, argv, "h", kOptions, nullptr)) != -1;) {
        switch (c) {
            case 'f':
                options.robust = false;
                break;
            case 'r':
                options.robust = true;
                break;
            case 'w':
                options.workload = time_argument(optarg);
                break;
            case 'p':
                options.period = time_argument(optarg);
                break;
            case 'W':
                options.work = time_argument(optarg);
                break;
            case 't': {
                const long number = std::strtol(optarg, nullptr, 10);
                if (number < 1 || number > 1000) usage("--timers takes 1 to 1000");
                options.timers = static_cast<unsigned>(number);
                break;
            }
            case 'h':
                std::fputs(kHelp, stdout);
                std::exit(0);
            default:
                std::exit(2);  // getopt has said why
        }
    }
    if (optind < argc) usage("unexpected: " + std::string(argv[optind]));
    if (options.work * options.timers >= options.period)
        usage("the work takes longer than the period: it could never be done");
    return options;
}

}  // namespace timer_tasklet
