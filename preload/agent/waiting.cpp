#include "preload/agent/waiting.hpp"

#include "execute/syscalls.hpp"
#include "preload/agent/clients.hpp"
#include "preload/base/log.hpp"

namespace threadfault::shim {

namespace {

constexpr std::int64_t kFirstPause = 10'000'000;
constexpr unsigned kDoublings = 5;  // to a third of a second
constexpr unsigned kMostFailures = 8;

}  // namespace

long poll_used(pollfd* descriptors, unsigned count, const timespec* timeout,
               Mask blocked) noexcept {
    pollfd used[kMaxClients + 2];
    unsigned place[kMaxClients + 2];
    unsigned number = 0;
    for (unsigned i = 0; i < count; ++i) {
        descriptors[i].revents = 0;
        if (descriptors[i].fd < 0) continue;
        used[number] = descriptors[i];
        place[number++] = i;
    }
    const long ready =
        execute::sys_call(SYS_ppoll, used, number, timeout, &blocked, sizeof blocked);
    if (ready <= 0) return ready;
    for (unsigned i = 0; i < number; ++i)
        descriptors[place[i]].revents = used[i].revents;
    return ready;
}

std::int64_t Patience::failed(long error, bool may_pass, std::int64_t now) noexcept {
    if (failures_ == 0) log_line(what_, error);
    if (++failures_ > kMostFailures && !may_pass) {
        log_line("no agent any more: that goes on failing", error);
        return execute::kNever;
    }
    const unsigned doublings = failures_ < kDoublings ? failures_ : kDoublings;
    return now + (kFirstPause << doublings);
}

bool sleep_until(std::int64_t when) noexcept {
    for (;;) {
        const std::int64_t left = when - execute::monotonic_ns();
        if (left <= 0) return true;
        const timespec span{left / execute::kNanosecondsPerSecond,
                            left % execute::kNanosecondsPerSecond};
        const long slept = execute::sys_call(SYS_nanosleep, &span, nullptr);
        if (slept != 0 && slept != -EINTR) return false;
    }
}

bool is_shortage(long error) noexcept {
    return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS;
}

}  // namespace threadfault::shim
