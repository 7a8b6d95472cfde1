#include "programs/diagnose/spin_places.hpp"

#include "diagnose/spin_loop.hpp"
#include "diagnose/symbolizer.hpp"
#include "format/format.hpp"
#include "render/text.hpp"
#include "threadfault/error.hpp"

#include <iostream>
#include <vector>

namespace threadfault::cli {
namespace {

using Kind = diagnose::SpinFinding::Kind;

constexpr std::size_t kMostSamples = 100'000;

bool is_of_libc(const diagnose::CodePlace& place) {
    return place.module.starts_with("libc.") || place.module.starts_with("libc-") ||
           place.module.starts_with("libpthread");
}

// What was inlined from a system header says less than the function that it was inlined into.
const diagnose::SourceLine& own_line(const diagnose::CodePlace& place) {
    for (const diagnose::SourceLine& line : place.lines)
        if (!line.file.empty() && !line.file.starts_with("/usr/")) return line;
    return place.lines.back();
}

std::string or_dash(std::string text) {
    return text.empty() ? "-" : std::move(text);
}

std::string place_text(diagnose::Symbolizer& symbolizer, const diagnose::SpinFinding& finding) {
    const diagnose::CodePlace* place = &symbolizer.at(finding.place);
    if (is_of_libc(*place) && finding.caller != 0) place = &symbolizer.at(finding.caller);
    const diagnose::SourceLine& line = own_line(*place);
    return formatted("{} {} {}", line.line, or_dash(line.file.substr(line.file.rfind('/') + 1)),
                     or_dash(line.function));
}

bool read_samples(std::vector<observe::CpuSample>* samples) {
    std::size_t count = 0;
    if (!(std::cin >> count) || count > kMostSamples) return false;
    samples->resize(count);
    for (observe::CpuSample& sample : *samples) {
        std::cin >> sample.instruction_pointer;
        for (std::uint64_t& value : sample.registers)
            std::cin >> value;
    }
    return static_cast<bool>(std::cin);
}

}  // namespace

int spin_places() try {
    pid_t pid = 0;
    if (!(std::cin >> pid)) return 1;
    const observe::Process process(pid);
    const observe::Memory memory(pid);
    const observe::Maps maps(process);
    diagnose::Symbolizer symbolizer(process, maps);
    std::string out;
    std::vector<observe::CpuSample> samples;
    for (pid_t tid = 0; std::cin >> tid;) {
        if (!read_samples(&samples)) return 1;
        const diagnose::SpinFinding finding = diagnose::find_spin(memory, samples);
        if (finding.kind == Kind::spins) {
            out += formatted("{} spins {}\n", tid, place_text(symbolizer, finding));
        } else {
            out += formatted("{} {}\n", tid, finding.kind == Kind::gets_on ? "gets-on" : "unknown");
        }
    }
    print_out(out);
    return 0;
} catch (const Error&) {
    return 1;  // it ended meanwhile
}

}  // namespace threadfault::cli
