#include "harness/cpu_list.hpp"

#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <charconv>

namespace threadfault::target {
namespace {

constexpr unsigned kMostCpus = wire::kCpuWords * 64;

bool parse(std::string_view text, unsigned* number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
    return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::array<std::uint64_t, wire::kCpuWords> parse_cpu_list(std::string_view list) {
    std::array<std::uint64_t, wire::kCpuWords> mask{};
    std::string_view rest = list;
    while (true) {
        const std::size_t comma = rest.find(',');
        const std::string_view part = rest.substr(0, comma);
        const std::size_t dash = part.find('-');
        unsigned first = 0;
        bool valid = parse(part.substr(0, dash), &first);
        unsigned last = first;
        if (dash != std::string_view::npos) valid = valid && parse(part.substr(dash + 1), &last);
        if (!valid || first > last || last >= kMostCpus) {
            throw Error(ExitCode::usage, "usage",
                        formatted("CPUs {}: \"{}\" is no CPU", list, part),
                        "a list like 0 or 0,2-3");
        }
        for (unsigned cpu = first; cpu <= last; cpu++)
            mask[cpu / 64] |= std::uint64_t{1} << (cpu % 64);
        if (comma == std::string_view::npos) return mask;
        rest.remove_prefix(comma + 1);
    }
}

}  // namespace threadfault::target
