// The small things that users write: selectors, durations, lists of CPUs, signals, storms, globs.
#include "base/clean_text.hpp"
#include "base/cpu_list.hpp"
#include "base/duration.hpp"
#include "base/glob.hpp"
#include "base/signal_name.hpp"
#include "drive/faults/plan.hpp"
#include "drive/storm/plan.hpp"
#include "drive/threads/selector.hpp"
#include "fuzz.hpp"
#include "threadfault/error.hpp"
#include "threadfault/types.hpp"

#include <string>

using namespace threadfault;

namespace {

void read(unsigned what, const std::string& text) {
    switch (what % 10) {
        case 0:
            drive::parse_selector(text);
            return;
        case 1:
            base::parse_duration(text);
            return;
        case 2: {
            base::CpuSet cpus{};
            std::string_view wrong;
            base::parse_cpu_list(text, &cpus, &wrong);
            return;
        }
        case 3:
            base::parse_signal(text);
            return;
        case 4:
            drive::parse_storm_faults(text);
            return;
        case 5:
            drive::parse_interval(text);
            return;
        case 6:
            drive::parse_percent(text);
            return;
        case 7:
            drive::parse_nice(text);
            return;
        case 8: {  // GLOB, NUL, name
            const std::string glob = text.c_str();
            const std::size_t end = glob.size() < text.size() ? glob.size() + 1 : glob.size();
            base::glob_match(glob.c_str(), text.c_str() + end);
            return;
        }
        default:
            base::clean_line(text);
            (void)parse_how(text);
            (void)parse_outcome(text);
            return;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Bytes input(data, size);
    const auto what = input.take<std::uint8_t>();
    try {
        read(what, std::string(fuzz::as_text(input.data(), input.size())));
    } catch (const std::exception&) {
        // Error, and BadValue where the caller says what it was for.
    }
    return 0;
}
