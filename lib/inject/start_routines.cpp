#include "base/glob.hpp"
#include "inject/spec.hpp"
#include "observe/functions.hpp"

namespace threadfault::inject {

void resolve_start_routines(Spec& spec, const std::string& program_file) {
    const std::string glob(spec.start_glob());
    if (glob.empty()) return;
    std::vector<Range> ranges;
    const auto is_meant = [&glob](const std::string& name) {
        return base::glob_match(glob.c_str(), name.c_str());
    };
    for (const auto& function : observe::functions_named(program_file, is_meant))
        ranges.push_back({function.begin, function.end});
    if (!ranges.empty()) spec.set_start_ranges(ranges, true);
}

}  // namespace threadfault::inject
