#include "commands/stop_request.hpp"

#include <signal.h>

namespace threadfault::cli {
namespace {

volatile sig_atomic_t seen = 0;

void note_interrupt(int) {
    seen = 1;
}

}  // namespace

void end_on_interrupt() {
    struct sigaction action {};
    action.sa_handler = note_interrupt;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() noexcept {
    return seen != 0;
}

}  // namespace threadfault::cli
