// One event of a target's threads, as a line.
#ifndef THREADFAULT_CLI_RENDER_EVENTS_HPP
#define THREADFAULT_CLI_RENDER_EVENTS_HPP

#include "render/style.hpp"
#include "wire/wire.hpp"

#include <sys/types.h>

#include <string>

namespace threadfault::cli {

// `tid`: as our pid namespace numbers it. Each returns one line, or two when events were lost
// before this one, with its end.
std::string text_event(const wire::EventReply& event, pid_t tid, const Style& style);
std::string json_event(const wire::EventReply& event, pid_t tid);

// The last line: the whole process has ended.
std::string text_target_ended(const Style& style);
std::string json_target_ended(pid_t pid);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_EVENTS_HPP
