// The echo server: an acceptor, a loop, and what outlives them both.
#ifndef THREADFAULT_DEMO_ECHO_SERVER_SERVER_HPP
#define THREADFAULT_DEMO_ECHO_SERVER_SERVER_HPP

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "connection_table.hpp"
#include "crew_thread.hpp"
#include "engine.hpp"
#include "options.hpp"

namespace echo_server {

class Server {
public:
    explicit Server(const Options& options);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    int port() const { return port_; }
    int connections() const { return table_.count(State::open); }
    void start();
    // Robust: puts a successor in the place of a thread that is gone. To be called now and then.
    void supervise();
    // False when a thread does not end.
    bool stop();

private:
    void listen_on(int port);
    void run_acceptor();
    void run_loop();
    void open_fresh();
    void serve(const std::vector<int>& ready);
    void drain_wake_pipe() const;
    void wake_loop() const;
    void replace(CrewThread& thread, State unfinished);

    const Mode mode_;
    ConnectionTable table_;
    std::unique_ptr<Engine> engine_;
    int listener_ = -1;
    int port_ = 0;
    std::array<int, 2> wake_{-1, -1};
    std::atomic<bool> stop_{false};
    CrewThread acceptor_;
    CrewThread loop_;
};

}  // namespace echo_server

#endif  // THREADFAULT_DEMO_ECHO_SERVER_SERVER_HPP
