// threadfault-diagnose: the commands that need libdw and libunwind. The threadfault command becomes
// this program; it takes the same words.
#include "command.hpp"

int main(int argc, char** argv) {
    return threadfault::cli::run_command_line(argc, argv);
}
