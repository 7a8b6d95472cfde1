// /proc/<pid>/maps: which file an address of the process lies in.
#ifndef THREADFAULT_OBSERVE_MAPS_HPP
#define THREADFAULT_OBSERVE_MAPS_HPP

#include "observe/process.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace threadfault::observe {

struct Mapping {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t offset = 0;  // in the file
    bool readable = false;
    bool writable = false;
    bool executable = false;
    bool shared = false;       // MAP_SHARED: other processes may have it, too
    bool deleted = false;      // "(deleted)" was stripped from `path`
    std::uint64_t device = 0;  // with the inode it names the file
    std::uint64_t inode = 0;
    std::string path;  // as the process sees it; "" for anonymous, "[heap]" and the like
};

std::vector<Mapping> parse_maps(std::string_view text);

// Without its directories.
std::string_view file_name(std::string_view path);

class Maps {
public:
    // Throws Error{not_permitted} or Error{no_such_process}.
    explicit Maps(const Process& process);
    explicit Maps(std::vector<Mapping> mappings) : mappings_(std::move(mappings)) {}
    const Mapping* find(std::uint64_t address) const noexcept;
    const std::vector<Mapping>& all() const noexcept { return mappings_; }
    // The first mapping whose file name (without directories) starts with `prefix`.
    const Mapping* find_file(std::string_view prefix) const noexcept;

private:
    std::vector<Mapping> mappings_;  // ascending
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_MAPS_HPP
