// For the programs that go through many experiments: the first SIGINT, SIGTERM or SIGHUP ends the
// work in an orderly way, the second at once; the guardians end the targets.
#ifndef THREADFAULT_CLI_PROGRAMS_STOP_SIGNALS_HPP
#define THREADFAULT_CLI_PROGRAMS_STOP_SIGNALS_HPP

#include "scenario/stop.hpp"

#include <signal.h>

namespace threadfault::cli {

// From now on those signals request this stop, and SIGPIPE is ignored. Not thread-safe.
scenario::Stop& stop_on_signals();

// Requested once stop_on_signals() has been called and one came.
scenario::Stop& global_stop();

// The first of them that came; 0: none has. Written by the handler.
extern volatile sig_atomic_t caught_signal;

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_PROGRAMS_STOP_SIGNALS_HPP
