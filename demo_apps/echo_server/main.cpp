// echo_server: asynchronous sockets in three ways, and what the loss of a thread does to each.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "client.hpp"
#include "options.hpp"
#include "server.hpp"

namespace {

using echo_server::Clients;
using echo_server::Options;
using echo_server::Parsed;
using echo_server::Server;

volatile std::sig_atomic_t g_interrupted = 0;

void interrupt(int /*signal*/) {
    g_interrupted = 1;
}

constexpr useconds_t kTurn = 10'000;

void serve_until_interrupted(Server& server) {
    int shown = 0;
    while (g_interrupted == 0) {
        server.supervise();
        const int now = server.connections();
        if (now != shown) std::printf("%d connections\n", now);
        shown = now;
        usleep(kTurn);
    }
}

bool run_workload(Server& server, const Options& options) {
    Clients clients(options, server.port());
    while (!clients.finished()) {
        server.supervise();
        if (g_interrupted != 0) clients.give_up();
        usleep(kTurn);
    }
    return clients.report();
}

int run(const Options& options) {
    if (options.signal_queue > 0) {
        const auto limit = static_cast<rlim_t>(options.signal_queue);
        const rlimit both{limit, limit};
        setrlimit(RLIMIT_SIGPENDING, &both);
    }
    Server server(options);
    server.start();
    std::printf("listening on 127.0.0.1:%d\n", server.port());
    bool good = true;
    if (options.lines > 0) {
        good = run_workload(server, options);
    } else {
        serve_until_interrupted(server);
    }
    if (!server.stop()) {
        std::puts("a thread does not end");
        _exit(1);
    }
    return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    Options options;
    const Parsed parsed = echo_server::parse(argc, argv, options);
    if (parsed != Parsed::run) {
        std::fputs(echo_server::kHelp, parsed == Parsed::help ? stdout : stderr);
        return parsed == Parsed::help ? 0 : 2;
    }
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, interrupt);
    return run(options);
} catch (const std::exception& error) {
    std::fprintf(stderr, "echo_server: %s\n", error.what());
    return 1;
}
