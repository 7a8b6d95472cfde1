#include "commands/last_looks.hpp"

#include "drive/faults/last_look.hpp"
#include "drive/programs/ask_helper.hpp"

#include <csignal>

namespace threadfault::cli {

void LastLooks::take(const observe::Process& process, const std::vector<drive::Victim>& victims) {
    if (victims.size() > drive::kMostToTell) return;
    modules_ = observe::loaded_modules(process, observe::Memory(process.pid()));
}

void LastLooks::explain(std::vector<drive::Result>& results) const {
    for (drive::Result& result : results) {
        // Died of something else: where the victim was says nothing of it.
        if (result.killed_by != SIGABRT || result.frames.empty()) continue;
        const drive::LastLook look{drive::maps_text(modules_), result.frames};
        std::string cause =
            drive::ask_helper("threadfault-diagnose", {"__explain-death"}, drive::to_bytes(look))
                .value_or("");
        while (!cause.empty() && cause.back() == '\n')
            cause.pop_back();
        if (!cause.empty()) result.reason += "; aborted: " + cause;
    }
}

}  // namespace threadfault::cli
