#include "scenario/model.hpp"

#include "format/format.hpp"

#include <algorithm>

namespace threadfault::scenario {

std::string Place::text() const {
    return formatted("{}:{}:{}", file, line, column);
}

bool Expectation::foresees_end() const noexcept {
    return exit_code.has_value() || signal.has_value() || alive == false;
}

const ProbeSpec* Scenario::find_probe(std::string_view name) const noexcept {
    const auto found = std::find_if(probes.begin(), probes.end(),
                                    [name](const ProbeSpec& probe) { return probe.name == name; });
    return found == probes.end() ? nullptr : &*found;
}

}  // namespace threadfault::scenario
