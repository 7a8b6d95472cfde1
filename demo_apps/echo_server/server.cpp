#include "server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

namespace echo_server {
namespace {

void require(bool condition, const char* what) {
    if (!condition) throw std::system_error(errno, std::generic_category(), what);
}

std::unique_ptr<Engine> make_engine(const Options& options, ConnectionTable& table) {
    if (options.loop == LoopKind::poll) return make_poll_engine(table);
    if (options.loop == LoopKind::sigio) return make_sigio_engine(table, options.mode);
    return make_epoll_engine(table);
}

}  // namespace

Server::Server(const Options& options)
    : mode_(options.mode),
      engine_(make_engine(options, table_)),
      acceptor_("acceptor", [this] { run_acceptor(); }),
      loop_("loop", [this] { run_loop(); }) {
    require(pipe2(wake_.data(), O_NONBLOCK | O_CLOEXEC) == 0, "pipe2");
    listen_on(options.port);
}

Server::~Server() {
    close(listener_);
    close(wake_[0]);
    close(wake_[1]);
}

void Server::listen_on(int port) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(listener_ >= 0, "socket");
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof address;
    require(bind(listener_, generic, length) == 0, "bind");
    require(listen(listener_, 128) == 0, "listen");
    require(getsockname(listener_, generic, &length) == 0, "getsockname");
    port_ = ntohs(address.sin_port);
}

void Server::start() {
    loop_.start();
    acceptor_.start();
}

void Server::run_acceptor() {
    while (!stop_) {
        const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) {
            if (stop_) return;
            if (errno == ECONNABORTED || (errno == EINTR && mode_ == Mode::robust)) continue;
            std::printf("acceptor: %s\n", std::strerror(errno));
            return;
        }
        if (!table_.add(descriptor)) close(descriptor);
        wake_loop();
    }
}

void Server::run_loop() {
    std::vector<int> ready;
    ready.reserve(2 * ConnectionTable::kCapacity);
    engine_->adopt(wake_[0], ready);
    serve(ready);
    while (!stop_) {
        open_fresh();
        ready.clear();
        const int error = engine_->wait(ready);
        if (error == EINTR && mode_ == Mode::robust) continue;
        if (error != 0) {
            std::printf("loop: %s\n", std::strerror(error));
            return;
        }
        drain_wake_pipe();
        serve(ready);
    }
}

// Watched first and open afterwards: who dies in between leaves it fresh for the successor.
void Server::open_fresh() {
    for (int index = 0; index < ConnectionTable::kCapacity; ++index) {
        if (table_.at(index).state != State::fresh) continue;
        engine_->watch(index);
        table_.at(index).state = State::open;
    }
}

void Server::serve(const std::vector<int>& ready) {
    for (const int index : ready) {
        // It may have been closed for an earlier entry.
        if (table_.at(index).state != State::open) continue;
        if (table_.serve(index)) engine_->update(index);
    }
}

void Server::drain_wake_pipe() const {
    std::array<char, 64> bytes{};
    while (read(wake_[0], bytes.data(), bytes.size()) > 0) {
    }
}

// A full pipe is as good as another byte in it.
void Server::wake_loop() const {
    const char byte = 1;
    if (write(wake_[1], &byte, 1) < 0) return;
}

void Server::supervise() {
    if (mode_ == Mode::fragile) return;
    replace(loop_, State::busy);
    replace(acceptor_, State::claimed);
}

void Server::replace(CrewThread& thread, State unfinished) {
    if (!thread.is_gone() || !thread.join(1)) return;
    const pid_t gone = thread.tid();
    const int dropped = table_.drop_all(unfinished);
    std::printf("%s %d is gone; a successor takes over %d connections, %d dropped\n",
                thread.name().c_str(), gone, connections(), dropped);
    thread.start();
}

bool Server::stop() {
    stop_ = true;
    shutdown(listener_, SHUT_RDWR);  // accept4 returns
    wake_loop();
    return acceptor_.join(5) && loop_.join(5);
}

}  // namespace echo_server
