#ifndef THREADFAULT_DEMO_ECHO_SERVER_OPTIONS_HPP
#define THREADFAULT_DEMO_ECHO_SERVER_OPTIONS_HPP

#include <string>

namespace echo_server {

enum class Mode { fragile, robust };
enum class LoopKind { epoll, poll, sigio };

struct Options {
    Mode mode = Mode::fragile;
    LoopKind loop = LoopKind::epoll;
    int port = 0;   // 0: any
    int lines = 0;  // the workload of each client; 0: serve until interrupted
    int clients = 8;
    int pace_milliseconds = 1;
    int reconnect = 20;  // lines on one connection; 0: all
    int patience_seconds = 5;
    int signal_queue = 0;  // RLIMIT_SIGPENDING; 0: as it is
};

enum class Parsed { run, help, wrong };

Parsed parse(int argc, char** argv, Options& options);
extern const char* const kHelp;

}  // namespace echo_server

#endif  // THREADFAULT_DEMO_ECHO_SERVER_OPTIONS_HPP
