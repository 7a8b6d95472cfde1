#include "programs/diagnose/spin_places.hpp"

#include "diagnose/spin_loop.hpp"
#include "diagnose/symbolizer.hpp"
#include "format/format.hpp"
#include "observe/thread_pointer.hpp"
#include "render/text.hpp"
#include "threadfault/error.hpp"

#include <iostream>
#include <string_view>
#include <vector>

namespace threadfault::cli {
namespace {

using Kind = diagnose::SpinFinding::Kind;

constexpr std::size_t kMostSamples = 100'000;
constexpr std::string_view kVdso = "[vdso]";

// Of libc or of the kernel: which loop of the program calls it is what matters. A jump to another
// library's function has no name.
bool says_little(const diagnose::CodePlace& place) {
    return place.lines.back().function.empty() || place.module.starts_with("libc.") ||
           place.module.starts_with("libc-") || place.module.starts_with("libpthread") ||
           place.module == kVdso;
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
    const diagnose::CodePlace* place = &symbolizer.at(finding.places.front());
    if (says_little(*place) && finding.caller != 0) place = &symbolizer.at(finding.caller);
    for (const std::uint64_t other : finding.places) {
        if (!says_little(*place)) break;
        if (const auto& there = symbolizer.at(other); !says_little(there)) place = &there;
    }
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
    diagnose::SpinSurroundings around;
    for (const observe::Mapping& mapping : maps.all())
        if (mapping.path == kVdso) around.kernel_code = {mapping.begin, mapping.end};
    std::string out;
    std::vector<observe::CpuSample> samples;
    for (pid_t tid = 0; std::cin >> tid;) {
        if (!read_samples(&samples)) return 1;
        const observe::RunCounter runs(pid, tid);
        around.runs = &runs;
        around.thread_pointer = observe::thread_pointer(memory, tid);
        const diagnose::SpinFinding finding = diagnose::find_spin(memory, samples, around);
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
