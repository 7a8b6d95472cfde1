// A server of one thread that answers every connection with the same text.
#ifndef THREADFAULT_TESTS_UNIT_SCENARIO_ONE_SHOT_SERVER_HPP
#define THREADFAULT_TESTS_UNIT_SCENARIO_ONE_SHOT_SERVER_HPP

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>

namespace threadfault::test {

class OneShotServer {
public:
    // `answer`: sent to each connection once something came from it ("" means silence); then it is
    // hung up. `path`: a unix socket's, "" for TCP on a free port.
    explicit OneShotServer(std::string answer, const std::string& path = {})
        : answer_(std::move(answer)) {
        socket_ = socket(path.empty() ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
        if (path.empty()) {
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            socklen_t length = sizeof address;
            ok_ = bind(socket_, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                  getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length) == 0;
            port_ = ntohs(address.sin_port);
        } else {
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
            ok_ = bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        }
        ok_ = ok_ && listen(socket_, 8) == 0 && pipe(stop_) == 0;
        thread_ = std::thread([this] { serve(); });
    }
    ~OneShotServer() {
        close(stop_[1]);
        thread_.join();
        close(stop_[0]);
        close(socket_);
    }
    OneShotServer(const OneShotServer&) = delete;
    OneShotServer& operator=(const OneShotServer&) = delete;

    bool ok() const { return ok_; }
    std::string port() const { return std::to_string(port_); }

private:
    bool ready(int descriptor) const {
        pollfd watched[] = {{descriptor, POLLIN, 0}, {stop_[0], POLLIN, 0}};
        poll(watched, 2, -1);
        return watched[1].revents == 0;
    }
    void serve() {
        while (ready(socket_)) {
            const int client = accept(socket_, nullptr, nullptr);
            char request[4096];
            if (ready(client) && recv(client, request, sizeof request, 0) > 0 && !answer_.empty())
                send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL);
            // Silence lasts until the client gives up.
            if (answer_.empty() && ready(client)) recv(client, request, sizeof request, 0);
            close(client);
        }
    }

    std::string answer_;
    int socket_ = -1;
    int stop_[2] = {-1, -1};
    int port_ = 0;
    bool ok_ = false;
    std::thread thread_;
};

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_UNIT_SCENARIO_ONE_SHOT_SERVER_HPP
