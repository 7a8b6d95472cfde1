#include "programs/diagnose/safe_points.hpp"

#include "diagnose/safe_point.hpp"
#include "format/format.hpp"
#include "render/text.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>

#include <iostream>

namespace threadfault::cli {

int safe_points() try {
    pid_t pid = 0;
    if (!(std::cin >> pid)) return 1;
    const observe::Process process(pid);
    client::Connection connection(process);
    diagnose::Backtraces backtraces(process, &connection);
    std::string out;
    for (diagnose::Thread thread; std::cin >> thread.tid >> thread.inner_tid >> thread.serial;) {
        const diagnose::Backtrace trace = diagnose::take_least_safe(backtraces, thread);
        if (trace.frames.empty()) continue;
        const std::string why = diagnose::why_no_safe_point(backtraces, trace);
        if (!why.empty()) out += formatted("{} {}\n", thread.tid, why);
    }
    write_all(STDOUT_FILENO, out);
    return 0;
} catch (const Error&) {
    return 1;  // it ended meanwhile
}

}  // namespace threadfault::cli
