// What the command line says.
#ifndef AIO_COPY_OPTIONS_HPP
#define AIO_COPY_OPTIONS_HPP

#include <cstdint>
#include <string>

namespace aio_copy {

struct Options {
    bool robust = false;
    unsigned depth = 16;
    unsigned submitters = 2;
    std::uint64_t block_size = 64 * 1024;
    std::uint64_t rate = 0;      // bytes a second; 0: as fast as it goes
    std::uint64_t workload = 0;  // bytes; 0: copy `from` to `to`
    std::string directory = ".";
    std::string from;
    std::string to;
};

// Ends the process after --help (0) and after a usage error (2).
Options parse_options(int argc, char** argv);

}  // namespace aio_copy

#endif  // AIO_COPY_OPTIONS_HPP
