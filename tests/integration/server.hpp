// Real servers as targets.
#ifndef THREADFAULT_TESTS_INTEGRATION_SERVER_HPP
#define THREADFAULT_TESTS_INTEGRATION_SERVER_HPP

#include "support/line_client.hpp"
#include "support/proc.hpp"
#include "support/target.hpp"

#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace threadfault::test {

// A server on a free port. Another program may take the port first: then the next is tried.
inline std::unique_ptr<Target> start_server(
    const std::function<std::vector<std::string>(int)>& command, int* port) {
    for (int attempt = 0; attempt < 5; attempt++) {
        *port = free_tcp_port();
        auto server = std::make_unique<Target>(command(*port));
        const bool listens = eventually(
            [&] { return !server->process().running() || LineClient(*port).connected(); });
        if (listens && server->process().running() && server->ready()) return server;
    }
    return nullptr;
}

// With four workers.
inline std::vector<std::string> memcached_command(int port) {
    std::vector<std::string> command = {"memcached",         "-t", "4", "-l", "127.0.0.1", "-p",
                                        std::to_string(port)};
    if (geteuid() == 0) command.insert(command.end(), {"-u", "nobody"});
    return command;
}

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_INTEGRATION_SERVER_HPP
