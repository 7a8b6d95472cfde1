#include "base/cpu_list.hpp"

#include <charconv>

namespace threadfault::base {
namespace {

bool parse(std::string_view text, unsigned* number) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
    return error == std::errc() && end == text.data() + text.size();
}

// "3" or "0-3".
bool add(std::string_view part, CpuSet* cpus) noexcept {
    const std::size_t dash = part.find('-');
    unsigned first = 0;
    if (!parse(part.substr(0, dash), &first)) return false;
    unsigned last = first;
    if (dash != std::string_view::npos && !parse(part.substr(dash + 1), &last)) return false;
    if (first > last || last >= kMostCpus) return false;
    for (unsigned cpu = first; cpu <= last; ++cpu)
        (*cpus)[cpu / 64] |= std::uint64_t{1} << (cpu % 64);
    return true;
}

}  // namespace

bool parse_cpu_list(std::string_view list, CpuSet* cpus, std::string_view* wrong) noexcept {
    *cpus = {};
    for (bool more = true; more;) {
        const std::size_t comma = list.find(',');
        more = comma != std::string_view::npos;
        const std::string_view part = list.substr(0, comma);
        if (!add(part, cpus)) {
            *wrong = part;
            return false;
        }
        if (more) list.remove_prefix(comma + 1);
    }
    return true;
}

}  // namespace threadfault::base
