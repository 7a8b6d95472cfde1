// Standard streams that whoever started us has closed.
#ifndef THREADFAULT_CLI_STANDARD_STREAMS_HPP
#define THREADFAULT_CLI_STANDARD_STREAMS_HPP

#include <fcntl.h>

namespace threadfault::cli {

// Occupies 0, 1 and 2 where they are closed. Otherwise the next file or socket that is opened gets
// the number, and what we print goes into it. Reading and writing fail, as they do on a closed
// stream, and are reported. A program that we start finds it closed, as it would without us.
inline void occupy_closed_streams() noexcept {
    for (int stream = 0; stream <= 2; ++stream) {
        if (fcntl(stream, F_GETFD) != -1) continue;
        // The lowest free number: those below are open by now.
        open("/dev/null", (stream == 0 ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
    }
}

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_STANDARD_STREAMS_HPP
