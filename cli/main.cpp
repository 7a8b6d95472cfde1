#include "command_line.hpp"
#include "standard_streams.hpp"

#include <unistd.h>

#include <cstdlib>

int main(int argc, char** argv) {
    threadfault::cli::occupy_closed_streams();
    const int status = threadfault::cli::run_command_line(argc, argv);
    // All output was written by write(2): there is nothing to flush, and tearing down what the
    // kernel is about to throw away costs time. AddressSanitizer looks for leaks at exit.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    std::exit(status);
#else
    _exit(status);
#endif
}
