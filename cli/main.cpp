#include "command.hpp"

int main(int argc, char** argv) {
    return threadfault::cli::run_command_line(argc, argv);
}
