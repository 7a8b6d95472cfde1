#include "programs/stop_signals.hpp"

#include <unistd.h>

namespace threadfault::cli {

volatile sig_atomic_t caught_signal = 0;

scenario::Stop& global_stop() {
    static scenario::Stop stop;
    return stop;
}

namespace {

// Async-signal-safe: the stop has been made before the handler was installed, and its request is a
// store and a write().
void stop_by_signal(int number) {
    if (caught_signal != 0) _exit(128 + number);
    caught_signal = number;
    global_stop().request();
}

}  // namespace

scenario::Stop& stop_on_signals() {
    scenario::Stop& stop = global_stop();
    struct sigaction action {};
    action.sa_handler = stop_by_signal;
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
        sigaction(number, &action, nullptr);
    signal(SIGPIPE, SIG_IGN);
    return stop;
}

}  // namespace threadfault::cli
