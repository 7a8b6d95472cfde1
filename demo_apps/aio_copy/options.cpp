#include "options.hpp"

#include <getopt.h>

#include <cstdio>
#include <cstdlib>

#include "files.hpp"

namespace aio_copy {
namespace {

constexpr char kHelp[] =
    "Usage: aio_copy [OPTIONS] SOURCE DESTINATION\n"
    "       aio_copy [OPTIONS] --workload SIZE\n"
    "\n"
    "Copies a file with the kernel's asynchronous I/O, compares checksums and prints how long the\n"
    "requests took. Completions are taken by one thread, \"aio-complete\".\n"
    "\n"
    "  --fragile          take it for granted that this thread lives (default)\n"
    "  --robust           notice when it is gone, and go on with a successor\n"
    "  --workload SIZE    make a file of this size, copy it, compare, and remove both\n"
    "  --directory DIR    where the workload's files are made (default .)\n"
    "  --rate SIZE        copy no more than this a second\n"
    "  --depth N          requests in flight (default 16)\n"
    "  --submitters N     threads that make them (default 2)\n"
    "  --block SIZE       bytes a request, a multiple of 4K (default 64K)\n"
    "  -h, --help         show this help\n"
    "\n"
    "SIZE takes K, M or G. Exit status: 0 the copy is complete and equal, 1 it is not, 2 usage.\n";

[[noreturn]] void usage(const std::string& message) {
    std::fprintf(stderr, "aio_copy: %s (see --help)\n", message.c_str());
    std::exit(2);
}

std::uint64_t size_argument(const char* text) {
    char* end = nullptr;
    const std::uint64_t number = std::strtoull(text, &end, 10);
    const std::string unit = end;
    const int shift = unit.empty()  ? 0
                      : unit == "K" ? 10
                      : unit == "M" ? 20
                      : unit == "G" ? 30
                                    : -1;
    if (end == text || *text == '-' || shift < 0 || number == 0)
        usage("not a size: " + std::string(text));
    return number << shift;
}

unsigned count_argument(const char* text) {
    const std::uint64_t number = size_argument(text);
    if (number > 4096) usage("too many: " + std::string(text));
    return static_cast<unsigned>(number);
}

}  // namespace

Options parse_options(int argc, char** argv) {
    static constexpr option kOptions[] = {{"fragile", no_argument, nullptr, 'f'},
                                          {"robust", no_argument, nullptr, 'r'},
                                          {"workload", required_argument, nullptr, 'w'},
                                          {"directory", required_argument, nullptr, 'D'},
                                          {"rate", required_argument, nullptr, 'R'},
                                          {"depth", required_argument, nullptr, 'd'},
                                          {"submitters", required_argument, nullptr, 's'},
                                          {"block", required_argument, nullptr, 'b'},
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
            case 'w':
                options.workload = size_argument(optarg);
                break;
            case 'D':
                options.directory = optarg;
                break;
            case 'R':
                options.rate = size_argument(optarg);
                break;
            case 'd':
                options.depth = count_argument(optarg);
                break;
            case 's':
                options.submitters = count_argument(optarg);
                break;
            case 'b':
                options.block_size = size_argument(optarg);
                break;
            case 'h':
                std::fputs(kHelp, stdout);
                std::exit(0);
            default:
                std::exit(2);  // getopt has said why
        }
    }
    if (options.block_size % kAlignment != 0) usage("the block size is no multiple of 4K");
    if (options.submitters > options.depth) usage("more submitters than requests");
    const int files = argc - optind;
    if (options.workload > 0 && files != 0) usage("--workload makes its own files");
    if (options.workload == 0) {
        if (files != 2) usage("a SOURCE and a DESTINATION are needed");
        options.from = argv[optind];
        options.to = argv[optind + 1];
    }
    return options;
}

}  // namespace aio_copy
