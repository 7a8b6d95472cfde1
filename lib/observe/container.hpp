// The container that a process belongs to, as its control groups name it.
#ifndef THREADFAULT_OBSERVE_CONTAINER_HPP
#define THREADFAULT_OBSERVE_CONTAINER_HPP

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace threadfault::observe {

struct Container {
    std::string runtime;  // docker, podman, containerd, cri-o, kubernetes, lxc, systemd-nspawn; ""
    std::string id;       // or the name, where the runtime has only names
    bool operator==(const Container&) const = default;
};

// From the text of /proc/<pid>/cgroup, of either version; the innermost, where one runs in another.
// std::nullopt: no container, or none that is known here.
std::optional<Container> parse_container(std::string_view cgroups);

std::optional<Container> container_of(pid_t pid);

// The first twelve digits, as docker shows them; a name as it is.
std::string short_id(const Container& container);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_CONTAINER_HPP
