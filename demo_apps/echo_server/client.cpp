#include "client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>

namespace echo_server {
namespace {

using Clock = std::chrono::steady_clock;

void hang_up(int& connection) {
    if (connection >= 0) close(connection);
    connection = -1;
}

int connect_to(int port) {
    const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
        return connection;
    }
    if (connection >= 0) close(connection);
    return -1;
}

enum class Echo { right, wrong, late, hung_up };

// Sends a line and waits for it. A line is far smaller than what a socket takes at once.
Echo echo_of(int connection, const std::string& line, Clock::time_point deadline) {
    if (send(connection, line.data(), line.size(), MSG_NOSIGNAL) < 0) return Echo::hung_up;
    std::string got;
    while (got.size() < line.size()) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) return Echo::late;
        pollfd polled{connection, POLLIN, 0};
        if (poll(&polled, 1, static_cast<int>(left.count())) <= 0) continue;
        std::array<char, 2048> bytes{};
        const long count = recv(connection, bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (count == 0) return Echo::hung_up;
        if (count < 0 && errno != EAGAIN && errno != EINTR) return Echo::hung_up;
        if (count > 0) got.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return got == line ? Echo::right : Echo::wrong;
}

std::string make_line(int client, int number) {
    std::string line = "client " + std::to_string(client) + " line " + std::to_string(number) + ' ';
    line.append(static_cast<std::size_t>((client * 31 + number * 17) % 1000), '.');
    return line + '\n';
}

}  // namespace

Clients::Clients(const Options& options, int port)
    : options_(options), port_(port), running_(options.clients) {
    for (int client = 0; client < options.clients; ++client) {
        threads_.emplace_back([this, client] { run(client); });
    }
}

Clients::~Clients() {
    for (std::thread& thread : threads_)
        thread.join();
}

void Clients::run(int number) {
    pthread_setname_np(pthread_self(), "client");
    int connection = -1;
    for (int line = 1; line <= options_.lines && !give_up_; ++line) {
        if (!exchange(connection, make_line(number, line))) {
            ++failed_;
            break;
        }
        ++echoed_;
        if (options_.reconnect > 0 && line % options_.reconnect == 0) hang_up(connection);
        usleep(static_cast<useconds_t>(options_.pace_milliseconds) * 1000);
    }
    hang_up(connection);
    --running_;
}

// A robust client asks again, over a new connection, when a second has brought nothing or the
// server has hung up; until its timeout.
bool Clients::exchange(int& connection, const std::string& line) {
    const auto end = Clock::now() + std::chrono::seconds(options_.patience_seconds);
    const bool robust = options_.mode == Mode::robust;
    while (!give_up_) {
        if (connection < 0) connection = connect_to(port_);
        const auto second = Clock::now() + std::chrono::seconds(1);
        const Echo echo =
            connection < 0 ? Echo::hung_up : echo_of(connection, line, robust ? second : end);
        if (echo == Echo::right) return true;
        hang_up(connection);
        if (echo == Echo::wrong || !robust || Clock::now() >= end) {
            const bool late = echo == Echo::late;
            std::printf("%.*s: %s\n", static_cast<int>(line.find(" .")), line.c_str(),
                        echo == Echo::wrong ? "the echo is WRONG"
                                            : (late ? "no echo in time" : "the server hung up"));
            return false;
        }
        ++repeated_;
        usleep(10'000);
    }
    return false;
}

bool Clients::report() const {
    const int expected = options_.lines * options_.clients;
    std::printf("%d of %d lines echoed, %d asked for twice, %d clients failed\n", echoed_.load(),
                expected, repeated_.load(), failed_.load());
    return echoed_ == expected && failed_ == 0;
}

}  // namespace echo_server
