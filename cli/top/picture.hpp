// What `top` knows of its process at one moment: all that there is to draw.
#ifndef THREADFAULT_CLI_TOP_PICTURE_HPP
#define THREADFAULT_CLI_TOP_PICTURE_HPP

#include "drive/programs/targets.hpp"
#include "drive/threads/thread_view.hpp"
#include "top/grid.hpp"

#include <sys/types.h>

#include <deque>
#include <string>
#include <vector>

namespace threadfault::cli::top {

struct LockLine {
    std::string text;
    pid_t tid = 0;  // the thread that it is about; 0: none
    Look look = Look::plain;
};

struct EventLine {
    std::string text;
    Look look = Look::plain;
};

struct Picture {
    pid_t pid = 0;
    std::string command;
    std::string time;  // of day: "21:04:05"

    bool agent = false;
    std::string why;  // there is none
    bool waits_permitted = true;
    std::string ended;       // how the process ended; "": it lives
    double cpu_percent = 0;  // of all threads together

    std::vector<drive::ThreadView> threads;  // in order of creation
    std::vector<double> percents;            // of each
    std::vector<LockLine> locks;             // where asked for
    std::deque<EventLine> events;            // the latest is the last

    // Before a process is chosen.
    std::vector<drive::TargetProcess> targets;
};

// Events that are kept.
inline constexpr std::size_t kMostEvents = 500;

}  // namespace threadfault::cli::top

#endif  // THREADFAULT_CLI_TOP_PICTURE_HPP
