// The tables of `ps`.
#ifndef THREADFAULT_CLI_RENDER_THREADS_HPP
#define THREADFAULT_CLI_RENDER_THREADS_HPP

#include "drive/programs/targets.hpp"
#include "drive/threads/thread_view.hpp"
#include "render/style.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace threadfault::cli {

struct ThreadReport {
    pid_t pid = 0;
    std::string command;
    bool agent = false;
    std::optional<observe::Container> container;
    std::string why;  // without an agent, or with one that doesn't answer
    std::string hint;
    drive::ThreadList list;
    std::vector<std::string> branches;  // of a tree: what stands before each name; else empty
};

// What of the threads could not be looked at, and what helps; "": all could.
std::string limits_text(const ThreadReport& report);
// `width`: columns of the terminal, or 0 for as wide as needed.
std::string render_threads(const ThreadReport& report, const Style& style, std::size_t width);
std::string render_targets(const std::vector<drive::TargetProcess>& targets, const Style& style,
                           std::size_t width);

// "0.12s", "61.5s", "3m05s".
std::string cpu_text(double seconds);
std::string age_text(double seconds);
// "mutex cache_lock, held by 4713 mc-worker", "epoll_wait(7)", "" for a running thread.
using ThreadNames = std::unordered_map<pid_t, std::string_view>;
std::string waiting_text(const drive::ThreadView& thread, const ThreadNames& names);
// "cache_lock,0x55d0c8a0", "freeze,slow".
std::string holding_text(const drive::ThreadView& thread);
std::string faults_text(const drive::ThreadView& thread);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_THREADS_HPP
