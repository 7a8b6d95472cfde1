// The two ends of what a process talks to itself by.
#ifndef THREADFAULT_TESTS_DIAGNOSIS_CONNECTIONS_HPP
#define THREADFAULT_TESTS_DIAGNOSIS_CONNECTIONS_HPP

#include <array>
#include <string>

namespace lock_target {

using Ends = std::array<int, 2>;  // what the first reads, and what the second writes to

// Ends the program otherwise.
void require(bool done);

// `kind`: "tcp", "tcp6", "tcp-mapped" (accepted by a socket of IPv6's), "tcp-not-accepted", or
// "tcp-listening", where the first is what would accept another one.
Ends connected_to_itself(const std::string& kind);

}  // namespace lock_target

#endif  // THREADFAULT_TESTS_DIAGNOSIS_CONNECTIONS_HPP
