// threadfault-top: `top`, which needs ncurses. The threadfault command becomes this program; it
// takes the same words.
#include "command_line.hpp"
#include "standard_streams.hpp"

int main(int argc, char** argv) {
    threadfault::cli::occupy_closed_streams();
    return threadfault::cli::run_command_line(argc, argv);
}
