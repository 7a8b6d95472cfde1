#include "programs/diagnose/frames.hpp"

#include "client/absence.hpp"
#include "diagnose/capture.hpp"
#include "diagnose/unwinder.hpp"
#include "format/format.hpp"
#include "render/text.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>

#include <iostream>

namespace threadfault::cli {

int frames() try {
    constexpr std::size_t kMostFrames = 200;
    pid_t pid = 0;
    if (!(std::cin >> pid)) return 1;
    const observe::Process process(pid);
    diagnose::OutsideCapture outside(process);
    diagnose::Unwinder unwinder(process);
    std::string out;
    for (pid_t tid = 0; std::cin >> tid;) {
        const diagnose::Snapshot snapshot = outside.take(tid);
        if (snapshot.why.code == diagnose::GapCode::ended) {
            out += formatted("{}\n", tid);
            continue;
        }
        const diagnose::StackCopy stack{snapshot.registers[wire::kRegisterSp], snapshot.stack};
        std::vector<diagnose::RawFrame> walked;
        if (snapshot.via != diagnose::Via::none) {
            walked = unwinder.unwind(snapshot.registers, stack, kMostFrames, false, snapshot.known);
        }
        if (walked.empty()) {
            out +=
                formatted("{} ? {}\n", tid,
                          snapshot.why.empty() ? "its stack can't be unwound" : snapshot.why.text);
            continue;
        }
        out += formatted("{}", tid);
        for (const diagnose::RawFrame& frame : walked) {
            if (!client::is_in_shim(unwinder.maps(), frame.ip)) out += formatted(" {:x}", frame.ip);
        }
        out += '\n';
    }
    write_all(STDOUT_FILENO, out);
    return 0;
} catch (const Error&) {
    return 1;  // it ended meanwhile
}

}  // namespace threadfault::cli
