// The workload: clients that send lines and check what comes back.
#ifndef THREADFAULT_DEMO_ECHO_SERVER_CLIENT_HPP
#define THREADFAULT_DEMO_ECHO_SERVER_CLIENT_HPP

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "options.hpp"

namespace echo_server {

class Clients {
public:
    Clients(const Options& options, int port);
    ~Clients();
    Clients(const Clients&) = delete;
    Clients& operator=(const Clients&) = delete;

    bool finished() const { return running_ == 0; }
    void give_up() { give_up_ = true; }
    // After the end: what was seen. True when every line came back as it was.
    bool report() const;

private:
    void run(int number);
    bool exchange(int& connection, const std::string& line);

    const Options options_;
    const int port_;
    std::vector<std::thread> threads_;
    std::atomic<int> running_;
    std::atomic<int> echoed_{0};
    std::atomic<int> failed_{0};
    std::atomic<int> repeated_{0};
    std::atomic<bool> give_up_{false};
};

}  // namespace echo_server

#endif  // THREADFAULT_DEMO_ECHO_SERVER_CLIENT_HPP
