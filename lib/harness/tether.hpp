// What holds an attached process for as long as a Target of it lives.
#ifndef THREADFAULT_HARNESS_TETHER_HPP
#define THREADFAULT_HARNESS_TETHER_HPP

#include "client/connection.hpp"
#include "observe/process.hpp"

#include <chrono>
#include <memory>

namespace threadfault::target {

// A connection to the process's guardian, on which nothing is asked. A guardian that was started
// for us goes with its last client, however that ends, and lets the process go; one that was there
// before stays.
class Tether {
public:
    // Joins those who have attached already, or attaches. Throws the Error that says why that is
    // not possible.
    explicit Tether(observe::Process process);
    // As let_go(), without a word when it fails.
    ~Tether();
    Tether(const Tether&) = delete;
    Tether& operator=(const Tether&) = delete;

    // Nothing is done to the process afterwards, where nobody else is attached to it. Once.
    // Error{agent_silent} when that takes longer than `patience`; the guardian goes on trying.
    void let_go(std::chrono::milliseconds patience);

private:
    void join();

    observe::Process process_;
    std::unique_ptr<client::Connection> connection_;
};

}  // namespace threadfault::target

#endif  // THREADFAULT_HARNESS_TETHER_HPP
