// Sets up one situation, prints "ready" when it stands, and stays until its input closes.
#include "actors.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>

int main(int argc, char** argv) {
    // Most of the situations end by themselves never.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    lock_target::Situations situations;
    lock_target::add_objects(situations);
    lock_target::add_circles(situations);
    lock_target::add_programs(situations);
    lock_target::add_misleading(situations);
    lock_target::add_elsewhere(situations);
    lock_target::add_spinners(situations);
    lock_target::add_channels(situations);
    const auto situation = situations.find(argc > 1 ? argv[1] : "");
    if (situation == situations.end()) {
        std::fprintf(stderr, "no such situation\n");
        return 2;
    }
    situation->second({argv + 2, argv + argc});
    lock_target::say_ready();
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    _exit(0);
}
