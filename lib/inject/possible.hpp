// Which errors the object of a call can give: no pipe is a directory, no plain mutex notices a
// deadlock. What a call can't fail with at all is spec.hpp's business.
// No allocation; async-signal-safe.
#ifndef THREADFAULT_INJECT_POSSIBLE_HPP
#define THREADFAULT_INJECT_POSSIBLE_HPP

#include "inject/calls.hpp"

namespace threadfault::inject {

enum class FileKind : std::uint8_t {
    unknown,
    regular,
    directory,
    block,
    character,
    pipe,
    socket,
    other,  // eventfd, timerfd, epoll, …
};

// What a call is about. What isn't known makes nothing impossible.
struct Subject {
    FileKind file = FileKind::unknown;
    bool waits = true;       // neither O_NONBLOCK nor MSG_DONTWAIT
    bool times_out = false;  // SO_RCVTIMEO or SO_SNDTIMEO, as the call has it
    int family = -1;         // of a socket: AF_…
    int socket_type = -1;    // SOCK_…
    bool has_mutex = false;
    int mutex_kind = 0;  // pthread_mutex_t's __kind
    bool has_flags = false;
    int flags = 0;                   // the argument that says how: of open, waitpid, lockf, …
    bool has_no_attributes = false;  // they are the default ones
};

// nullptr: it can. Otherwise what could, for people: "only a directory gives EISDIR".
const char* why_impossible(Call call, int error, const Subject& subject) noexcept;

// The same sentence, whatever the object is; nullptr: any object gives that error.
const char* who_gives(Call call, int error) noexcept;

// What that depends on, for programs: "mutex", "file", "socket", "flags" (the arguments), or
// "attributes"; nullptr: on nothing.
const char* what_gives(Call call, int error) noexcept;

}  // namespace threadfault::inject

#endif  // THREADFAULT_INJECT_POSSIBLE_HPP
