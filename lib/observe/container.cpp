#include "observe/container.hpp"

#include "observe/proc_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <vector>

namespace threadfault::observe {
namespace {

constexpr std::size_t kDigits = 64;  // of an id
constexpr std::size_t kShown = 12;

bool is_hex(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) {
    return text.size() == kDigits && is_hex(text);
}

// Of the name of a systemd unit, or of what stands between colons: "docker-<id>.scope".
struct Prefix {
    std::string_view text;
    std::string_view runtime;
};
constexpr Prefix kPrefixes[] = {
    {"cri-containerd", "containerd"},
    {"docker", "docker"},
    {"libpod-payload", "podman"},
    {"libpod", "podman"},
    {"crio", "cri-o"},
    {"nerdctl", "containerd"},
};

std::string_view runtime_of(std::string_view prefix) {
    for (const Prefix& known : kPrefixes)
        if (known.text == prefix) return known.runtime;
    return {};
}

bool take_end(std::string_view end, std::string_view* text) {
    if (!text->ends_with(end)) return false;
    text->remove_suffix(end.size());
    return true;
}

bool take_begin(std::string_view begin, std::string_view* text) {
    if (!text->starts_with(begin)) return false;
    text->remove_prefix(begin.size());
    return true;
}

// systemd writes "\x2d" for a "-" in a name.
std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escaped = text.substr(i).starts_with("\\x") && i + 4 <= text.size() &&
                             is_hex(text.substr(i + 2, 2));
        if (!escaped) {
            out += text[i];
            continue;
        }
        out += static_cast<char>(std::stoi(std::string(text.substr(i + 2, 2)), nullptr, 16));
        i += 3;
    }
    return out;
}

std::optional<Container> of_machine(std::string_view part) {
    if (!take_begin("machine-", &part) || !take_end(".scope", &part) || part.empty()) {
        return std::nullopt;
    }
    std::string name = unescaped(part);
    // libvirt's: those of qemu are machines, not containers.
    if (name.starts_with("qemu-")) return std::nullopt;
    return Container{"systemd-nspawn", std::move(name)};
}

std::optional<Container> of_lxc(std::string_view part, std::string_view parent) {
    if (parent == "lxc" || parent == "lxc.payload") return Container{"lxc", std::string(part)};
    if (take_begin("lxc.payload.", &part) && !part.empty()) {
        return Container{"lxc", std::string(part)};
    }
    return std::nullopt;
}

// "docker-<id>.scope", "kubepods-pod1.slice:cri-containerd:<id>", "<id>".
std::optional<Container> of_id(std::string_view part) {
    take_end(".scope", &part);
    if (part.size() < kDigits) return std::nullopt;
    const std::string_view id = part.substr(part.size() - kDigits);
    if (!is_id(id)) return std::nullopt;
    part.remove_suffix(kDigits);
    if (part.empty()) return Container{"", std::string(id)};
    const char mark = part.back();
    if (mark != '-' && mark != ':') return std::nullopt;
    part.remove_suffix(1);
    if (mark == ':') part.remove_prefix(std::min(part.rfind(':') + 1, part.size()));
    // "libpod-conmon-<id>" and the like is not the container, but what watches it.
    const std::string_view runtime = runtime_of(part);
    if (runtime.empty()) return std::nullopt;
    return Container{std::string(runtime), std::string(id)};
}

std::optional<Container> of_path(std::string_view path) {
    std::vector<std::string_view> parts;
    for (std::size_t begin = 0; begin < path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        if (end > begin) parts.push_back(path.substr(begin, end - begin));
        begin = end + 1;
    }
    const bool pod = std::any_of(parts.begin(), parts.end(), [](std::string_view part) {
        return part.starts_with("kubepods");
    });
    for (std::size_t i = parts.size(); i-- > 0;) {
        const std::string_view parent = i == 0 ? std::string_view() : parts[i - 1];
        auto found = of_id(parts[i]);
        if (found && found->runtime.empty()) found->runtime = runtime_of(parent);
        if (found && found->runtime.empty() && pod) found->runtime = "kubernetes";
        if (!found) found = of_machine(parts[i]);
        if (!found) found = of_lxc(parts[i], parent);
        if (found) return found;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Container> parse_container(std::string_view cgroups) {
    for (std::size_t begin = 0; begin < cgroups.size();) {
        const std::size_t end = std::min(cgroups.find('\n', begin), cgroups.size());
        std::string_view line = cgroups.substr(begin, end - begin);
        begin = end + 1;
        // number:controllers:path
        for (int field = 0; field < 2; ++field)
            line.remove_prefix(std::min(line.find(':'), line.size() - 1) + 1);
        if (auto found = of_path(line)) return found;
    }
    return std::nullopt;
}

std::optional<Container> container_of(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/cgroup";
    const auto text = read_whole_file(AT_FDCWD, path.c_str());
    return text ? parse_container(*text) : std::nullopt;
}

std::string short_id(const Container& container) {
    return is_id(container.id) ? container.id.substr(0, kShown) : container.id;
}

}  // namespace threadfault::observe
