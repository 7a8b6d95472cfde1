#include "options.hpp"

#include <getopt.h>

#include <array>
#include <cstdlib>

namespace echo_server {

const char* const kHelp =
    "usage: echo_server [--loop epoll|poll|sigio] [--fragile | --robust] [OPTIONS]\n"
    "\n"
    "Sends every line back. A thread `acceptor` takes connections in, a thread `loop` serves "
    "them.\n"
    "\n"
    "  --loop KIND       how the loop waits: epoll (default), poll, or signals (F_SETSIG, "
    "O_ASYNC)\n"
    "  --fragile         cope with no loss of a thread, an edge or a call (default)\n"
    "  --robust          a supervisor restarts the threads over the same table of connections\n"
    "  --port N          on 127.0.0.1 (any free one, which is printed)\n"
    "  --workload LINES  built-in clients send LINES lines each and check the echoes;\n"
    "                    exit 0, or 1 if one is wrong or missing\n"
    "  --clients N       (8)\n"
    "  --pace MS         pause of a client after each line (1)\n"
    "  --reconnect N     lines on one connection, 0: all (20)\n"
    "  --patience S      how long a client waits for an echo (5)\n"
    "  --signal-queue N  room for pending signals, RLIMIT_SIGPENDING\n"
    "  --help            this text\n";

Parsed parse(int argc, char** argv, Options& options) {
    static constexpr std::array<option, 12> kOptions{
        option{"loop", required_argument, nullptr, 'l'},
        option{"fragile", no_argument, nullptr, 'f'},
        option{"robust", no_argument, nullptr, 'r'},
        option{"port", required_argument, nullptr, 'P'},
        option{"workload", required_argument, nullptr, 'n'},
        option{"clients", required_argument, nullptr, 'c'},
        option{"pace", required_argument, nullptr, 'p'},
        option{"reconnect", required_argument, nullptr, 'R'},
        option{"patience", required_argument, nullptr, 's'},
        option{"signal-queue", required_argument, nullptr, 'q'},
        option{"help", no_argument, nullptr, 'h'},
        option{nullptr, 0, nullptr, 0}};
    int letter = 0;
    while ((letter = getopt_long(argc, argv, "h", kOptions.data(), nullptr)) != -1) {
        const std::string text = optarg == nullptr ? "" : optarg;
        const int number = std::atoi(text.c_str());
        if (number < 0 || number > 1'000'000) return Parsed::wrong;
        if (letter == 'h') return Parsed::help;
        if (letter == '?') return Parsed::wrong;
        if (letter == 'f') options.mode = Mode::fragile;
        if (letter == 'r') options.mode = Mode::robust;
        if (letter == 'P') options.port = number;
        if (letter == 'n') options.lines = number;
        if (letter == 'c') options.clients = number;
        if (letter == 'p') options.pace_milliseconds = number;
        if (letter == 'R') options.reconnect = number;
        if (letter == 's') options.patience_seconds = number;
        if (letter == 'q') options.signal_queue = number;
        if (letter != 'l') continue;
        if (text == "epoll") {
            options.loop = LoopKind::epoll;
        } else if (text == "poll") {
            options.loop = LoopKind::poll;
        } else if (text == "sigio") {
            options.loop = LoopKind::sigio;
        } else {
            return Parsed::wrong;
        }
    }
    const bool fits = options.port < 65536 && options.clients > 0 && options.clients <= 100 &&
                      options.patience_seconds > 0;
    return optind == argc && fits ? Parsed::run : Parsed::wrong;
}

}  // namespace echo_server
