#include "look.hpp"

#include <algorithm>

namespace threadfault::test {

bool Seen::has(const std::string& function) const {
    return std::any_of(functions.begin(), functions.end(), [&](const std::string& one) {
        return one.find(function) != std::string::npos;
    });
}

bool Seen::reaches_the_start() const {
    const nlohmann::json& frames = thread.at("frames");
    if (frames.size() < 3 || thread.at("cut") == true) return false;
    const auto is_libc_frame = [&](std::size_t from_outside, const char* name) {
        const std::size_t at = frames.size() - 1 - from_outside;
        const nlohmann::json& module = frames[at]["module"];
        return module.is_string() && std::string(module).starts_with("libc.so") &&
               (functions[at] == "?" || functions[at].find(name) != std::string::npos);
    };
    const nlohmann::json& routine = frames[frames.size() - 3]["module"];
    return is_libc_frame(0, "clone") && is_libc_frame(1, "start_thread") &&
           !(routine.is_string() && std::string(routine).starts_with("libc.so"));
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
