// Has a program that was just started made its threads?
#ifndef THREADFAULT_DRIVE_FAULTS_SETTLE_HPP
#define THREADFAULT_DRIVE_FAULTS_SETTLE_HPP

#include "client/connection.hpp"
#include "observe/process.hpp"

#include <chrono>
#include <functional>

namespace threadfault::drive {

// Returns when ten looks in a row, 10 ms apart, have shown the same threads under the same paths
// and names, and the main thread asleep; at the latest after `patience`, for a program that makes
// threads all the time. False: not settled, or `stop` said so.
bool wait_until_settled(const observe::Process& process, client::Connection& connection,
                        std::chrono::nanoseconds patience, const std::function<bool()>& stop);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_FAULTS_SETTLE_HPP
