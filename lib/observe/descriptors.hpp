// Internal to lib/observe: the open files of processes, as /proc/<pid>/fd shows them.
#ifndef THREADFAULT_OBSERVE_DESCRIPTORS_HPP
#define THREADFAULT_OBSERVE_DESCRIPTORS_HPP

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace threadfault::observe {

// What is the same wherever an end of it is open; the kind, and numbers that mean one of them:
// "pipe:[4711]", "socket:[4712]", "eventfd:3", "queue:20:4713". "" for anything else.
using ChannelName = std::string;

// `directory`: "/proc/4711/task/4712".
ChannelName channel_name(const std::string& directory, int descriptor);
std::string descriptor_link(const std::string& directory, int descriptor);

// The line "KEY:\tVALUE" of the descriptor's fdinfo; std::nullopt: there is none.
std::optional<std::string> descriptor_info(const std::string& directory, int descriptor,
                                           const std::string& key);

// Who has what open, on the whole machine. For one look.
class OpenChannels {
public:
    // `own`: whose channels are asked for. Only its own are known at first.
    explicit OpenChannels(pid_t own);

    // What others have, and whether all was seen, is known after this.
    void look_at_others();

    // Other processes that have an end of it, or may have: they can't be looked at.
    const std::set<pid_t>& holders(const ChannelName& name) const;
    bool is_own(const ChannelName& name) const { return own_.contains(name); }
    // Descriptors are on their way through unix sockets, in nobody's hands.
    bool some_in_flight() const noexcept { return in_flight_; }
    // The process has descriptors by which the kernel itself may write to others of its own.
    bool kernel_may_write() const noexcept { return kernel_writes_; }
    // Processes that can't be looked at, and were there before or are the parent.
    bool complete() const noexcept { return complete_; }

private:
    void look_at(pid_t pid);
    bool may_be_concerned(pid_t unreadable) const;

    pid_t own_pid_;
    std::set<ChannelName> own_;
    std::map<ChannelName, std::set<pid_t>> others_;
    bool in_flight_ = false;
    bool kernel_writes_ = false;
    bool complete_ = true;
    bool all_seen_ = false;
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_DESCRIPTORS_HPP
