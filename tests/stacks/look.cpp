#include "look.hpp"

#include <algorithm>

namespace threadfault::test {

bool Seen::has(const std::string& function) const {
    return std::any_of(functions.begin(), functions.end(), [&](const std::string& one) {
        return one.find(function) != std::string::npos;
    });
}

Seen look(const std::string& pid, const std::vector<std::string>& more) {
    std::vector<std::string> command = {"--json", "stack", pid};
    command.insert(command.end(), more.begin(), more.end());
    // Without a cache: it would know the names of a stripped copy from the program itself.
    Seen seen{run_cli(command, {.environment = {{"XDG_CACHE_HOME", "/dev/null"}}}), {}, {}};
    if (!seen.result.json.is_object() || !seen.result.json.contains("threads")) return seen;
    if (seen.result.json["threads"].empty()) return seen;
    seen.thread = seen.result.json["threads"][0];
    for (const nlohmann::json& frame : seen.thread["frames"])
        seen.functions.push_back(frame["function"].is_string() ? frame["function"] : "?");
    return seen;
}

std::ostream& operator<<(std::ostream& stream, const Seen& seen) {
    return stream << seen.result;
}

}  // namespace threadfault::test
