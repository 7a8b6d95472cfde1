// Signals as requests. They are blocked except while the program waits: nothing is interrupted in
// the middle of drawing, and none is lost between a look and the wait.
#ifndef THREADFAULT_CLI_PROGRAMS_TOP_SIGNALS_HPP
#define THREADFAULT_CLI_PROGRAMS_TOP_SIGNALS_HPP

#include <poll.h>
#include <signal.h>

#include <chrono>
#include <cstddef>

namespace threadfault::cli::top {

class Signals {
public:
    // To be made before any thread is, so that none of them gets the signals. For the whole
    // program.
    Signals();

    // ppoll(2), with the signals let in.
    void wait(pollfd* fds, std::size_t count, std::chrono::nanoseconds time);

    bool end() const noexcept;  // SIGINT, SIGTERM, SIGHUP or SIGQUIT
    bool take_stop() noexcept;  // Ctrl-Z
    bool take_continue() noexcept;

private:
    void catch_all();

    sigset_t outside_{};  // as they were before
    bool caught_stop_ = false;
};

}  // namespace threadfault::cli::top

#endif  // THREADFAULT_CLI_PROGRAMS_TOP_SIGNALS_HPP
