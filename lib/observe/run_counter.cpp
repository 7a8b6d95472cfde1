#include "observe/run_counter.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>

namespace threadfault::observe {

std::optional<RunCount> parse_run_count(std::string_view text) {
    std::uint64_t fields[3] = {};
    const char* at = text.data();
    const char* const end = at + text.size();
    for (std::uint64_t& field : fields) {
        while (at != end && *at == ' ')
            ++at;
        const auto [rest, error] = std::from_chars(at, end, field);
        if (error != std::errc()) return std::nullopt;
        at = rest;
    }
    if (fields[2] == 0) return std::nullopt;
    return RunCount{fields[0], fields[2]};
}

RunCounter::RunCounter(pid_t pid, pid_t tid) {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", pid, tid);
    file_ = base::Descriptor(open(path, O_RDONLY | O_CLOEXEC));
}

std::optional<RunCount> RunCounter::read() const {
    if (!file_) return std::nullopt;
    char text[96];
    const ssize_t length = pread(file_.get(), text, sizeof text, 0);
    ended_ = length <= 0;
    if (ended_) return std::nullopt;
    return parse_run_count({text, static_cast<std::size_t>(length)});
}

}  // namespace threadfault::observe
