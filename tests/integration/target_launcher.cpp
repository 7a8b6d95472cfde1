// launcher END COMMAND…: a test program with a target. Says "launched PID" and comes to its end:
//   wait   somebody else sees to it
//   throw  an exception that nobody catches
//   exit   exit(3) with the target in scope
//   fork   as wait, and a child has everything open that it has
#include "threadfault/target.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    const std::string end = argv[1];
    const threadfault::Target target = threadfault::Target::launch(
        std::vector<std::string>(argv + 2, argv + argc),
        {.ready = {.output = "^ready$", .within = std::chrono::seconds(60)}});
    const bool child = end == "fork" && fork() == 0;
    if (child) {
        // But for what those read who wait for this program's end.
        for (int fd = 0; fd < 3; fd++)
            close(fd);
    } else {
        std::printf("launched %d\n", target.pid());
        std::fflush(stdout);
    }
    if (end == "throw") throw std::runtime_error("nobody catches this");
    if (end == "exit") std::exit(3);
    while (true)
        pause();
}
