#include "scenario/stop.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace threadfault::scenario {

Stop::Stop() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Stop::~Stop() {
    close(descriptor_);
}

void Stop::request() noexcept {
    const int saved = errno;
    const std::uint64_t one = 1;
    // Full means that it was requested often enough.
    [[maybe_unused]] const ssize_t written = write(descriptor_, &one, sizeof one);
    errno = saved;
}

void Stop::withdraw() noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t length = read(descriptor_, &count, sizeof count);
}

bool Stop::requested() const noexcept {
    pollfd watched{descriptor_, POLLIN, 0};
    return poll(&watched, 1, 0) > 0;
}

bool Stop::sleep_until(TimePoint time) const noexcept {
    while (true) {
        pollfd watched{descriptor_, POLLIN, 0};
        if (poll(&watched, 1, poll_timeout(time)) > 0) return false;
        if (Clock::now() >= time) return true;
    }
}

int poll_timeout(TimePoint deadline) noexcept {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000'000));
}

}  // namespace threadfault::scenario
