#include "commands/last_looks.hpp"

#include "drive/run_program.hpp"

#include <csignal>

namespace threadfault::cli {
namespace {

// Of a crowd that is killed at once nobody can say whose death it was.
constexpr std::size_t kMost = 8;

}  // namespace

BeforeFault LastLooks::taker() {
    return [this](const observe::Process& process, client::Connection& connection,
                  const std::vector<drive::Victim>& victims) {
        if (victims.size() > kMost) return;
        for (const drive::Victim& victim : victims) {
            // Its process is stopped: nobody answers.
            const bool stopped = victim.state == 'T' || victim.state == 't';
            looks_.push_back(stopped ? std::nullopt
                                     : drive::look_once_more(process, connection, victim));
        }
    };
}

void LastLooks::explain(std::vector<drive::Result>& results) const {
    for (std::size_t i = 0; i < looks_.size() && i < results.size(); ++i) {
        drive::Result& result = results[i];
        // Died of something else: the victim's stack says nothing of it.
        if (result.killed_by != SIGABRT || !looks_[i]) continue;
        std::string cause = drive::ask_helper("threadfault-diagnose", {"__explain-death"},
                                              drive::to_bytes(*looks_[i]))
                                .value_or("");
        while (!cause.empty() && cause.back() == '\n')
            cause.pop_back();
        if (!cause.empty()) result.reason += "; aborted: " + cause;
    }
}

}  // namespace threadfault::cli
