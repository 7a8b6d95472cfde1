#include "options.hpp"

#include <getopt.h>

#include <cstdio>
#include <cstdlib>

namespace object_loader {
namespace {

constexpr char kHelp[] =
    "Usage: object_loader [OPTIONS]\n"
    "\n"
    "Writes objects to files, loads them on demand from several clients, checks them, and says "
    "how\n"
    "many threads that took. Loading is done by threads called \"loader\".\n"
    "\n"
    "  --fragile            take it for granted that loaders live (default)\n"
    "  --robust             give what a lost loader had begun to another\n"
    "  --strategy NAME      service: one thread, which does not expect to be its own client\n"
    "                       self-aware: one thread, which loads inline for itself\n"
    "                       per-load: a thread for each load\n"
    "                       all: one after the other (default)\n"
    "  --hooks KIND         what each object's hook does with the objects that it needs:\n"
    "                       none, async (default) or sync, which waits for them\n"
    "  --workload N         how many objects (default 10000)\n"
    "  --bound N            threads at one time, for per-load (default 64)\n"
    "  --clients N          threads that ask for objects (default 4)\n"
    "  --read-time TIME     that reading takes, in addition\n"
    "  --publish-time TIME  that the table's lock is held for each object, in addition\n"
    "  --directory DIR      where the files are made (default: a new one in $TMPDIR)\n"
    "  -h, --help           show this help\n"
    "\n"
    "TIME takes us, ms or s. Exit status: 0 every object was loaded rightly, 1 not, 2 usage.\n";

[[noreturn]] void usage(const std::string& message) {
    std::fprintf(stderr, "object_loader: %s (see --help)\n", message.c_str());
    std::exit(2);
}

std::chrono::nanoseconds time_argument(const char* text) {
    char* end = nullptr;
    const double number = std::strtod(text, &end);
    const std::string unit = end;
    const double scale = unit == "us" ? 1e3 : unit == "ms" ? 1e6 : unit == "s" ? 1e9 : 0;
    if (!(number * scale >= 1e3 && number * scale <= 1e11))
        usage("not a time: " + std::string(text));
    return std::chrono::nanoseconds(static_cast<long>(number * scale));
}

unsigned count_argument(const char* text, unsigned most) {
    char* end = nullptr;
    const long number = std::strtol(text, &end, 10);
    if (end == text || *end != '\0' || number < 1 || number > static_cast<long>(most))
        usage("not a number from 1 to " + std::to_string(most) + ": " + text);
    return static_cast<unsigned>(number);
}

std::vector<Strategy> strategies_argument(const std::string& text) {
    if (text == "all") return Options().strategies;
    for (const Strategy strategy : Options().strategies)
        if (text == name_of(strategy)) return {strategy};
    usage("no strategy: " + text);
}

Hooks hooks_argument(const std::string& text) {
    if (text == "none") return Hooks::none;
    if (text == "async") return Hooks::async;
    if (text == "sync") return Hooks::sync;
    usage("no kind of hooks: " + text);
}

}  // namespace

const char* name_of(Strategy strategy) {
    switch (strategy) {
        case Strategy::service:
            return "service";
        case Strategy::self_aware:
            return "self-aware";
        case Strategy::per_load:
            return "per-load";
    }
    return "";
}

Options parse_options(int argc, char** argv) {
    static constexpr option kOptions[] = {{"fragile", no_argument, nullptr, 'f'},
                                          {"robust", no_argument, nullptr, 'r'},
                                          {"strategy", required_argument, nullptr, 's'},
                                          {"hooks", required_argument, nullptr, 'k'},
                                          {"workload", required_argument, nullptr, 'w'},
                                          {"bound", required_argument, nullptr, 'b'},
                                          {"clients", required_argument, nullptr, 'c'},
                                          {"read-time", required_argument, nullptr, 'R'},
                                          {"publish-time", required_argument, nullptr, 'P'},
                                          {"directory", required_argument, nullptr, 'D'},
                                          {"help", no_argument, nullptr, 'h'},
                                          {nullptr, 0, nullptr, 0}};
    Options options;
    for (int c = 0; (c = getopt_long(argc, argv, "h", kOptions, nullptr)) != -1;) {
        switch (c) {
            case 'f':
                options.robust = false;
                break;
            case 'r':
                options.robust = true;
                break;
            case 's':
                options.strategies = strategies_argument(optarg);
                break;
            case 'k':
                options.hooks = hooks_argument(optarg);
                break;
            case 'w':
                options.workload = count_argument(optarg, 1'000'000);
                break;
            case 'b':
                options.bound = count_argument(optarg, 10'000);
                break;
            case 'c':
                options.clients = count_argument(optarg, 1'000);
                break;
            case 'R':
                options.read_time = time_argument(optarg);
                break;
            case 'P':
                options.publish_time = time_argument(optarg);
                break;
            case 'D':
                options.directory = optarg;
                break;
            case 'h':
                std::fputs(kHelp, stdout);
                std::exit(0);
            default:
                std::exit(2);  // getopt has said why
        }
    }
    if (optind < argc) usage("unexpected: " + std::string(argv[optind]));
    return options;
}

}  // namespace object_loader
