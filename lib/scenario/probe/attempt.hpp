// One try of a probe.
#ifndef THREADFAULT_SCENARIO_PROBE_ATTEMPT_HPP
#define THREADFAULT_SCENARIO_PROBE_ATTEMPT_HPP

#include "scenario/command.hpp"
#include "scenario/model.hpp"
#include "scenario/stop.hpp"

#include <string>

namespace threadfault::scenario {

struct Attempt {
    bool healthy = false;
    std::string why;  // it is not: "connection refused", "no answer in time"
};

// Each ends at the deadline, and at once (unhealthy) when `stop` is requested. Placeholders are
// filled in already.
Attempt try_socket(const SocketProbe& probe, TimePoint deadline, const Stop& stop);
Attempt try_http(const HttpProbe& probe, TimePoint deadline, const Stop& stop);
Attempt try_command(const CommandProbe& probe, const CommandOptions& options, TimePoint deadline,
                    const Stop& stop);

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_PROBE_ATTEMPT_HPP
