#include "drive/threads/same_calls.hpp"

#include "drive/threads/open_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string_view>

namespace threadfault::drive {
namespace {

bool is_same(const observe::TaskSyscall& one, const observe::TaskSyscall& other) {
    return one.running == other.running && one.number == other.number &&
           one.stack_pointer == other.stack_pointer &&
           one.instruction_pointer == other.instruction_pointer &&
           std::equal(std::begin(one.arguments), std::end(one.arguments), other.arguments);
}

}  // namespace

void SameCalls::begin(std::span<const pid_t> tids) {
    if (entries_.empty()) highest_ = room_for_files(tids.size());
    for (const pid_t tid : tids)
        entries_.try_emplace(tid).first->second.highest_ = highest_;
}

std::optional<observe::TaskSyscall> SameCalls::Entry::read_again() const {
    char text[256];
    const ssize_t length = pread(file_.get(), text, sizeof text, 0);
    if (length <= 0) return std::nullopt;
    return observe::parse_task_syscall(std::string_view(text, static_cast<std::size_t>(length)));
}

const SeenThread* SameCalls::Entry::unchanged() const {
    if (!file_ || !seen_.alive || !seen_.syscall || seen_.syscall->running) return nullptr;
    const std::optional<observe::TaskSyscall> now = read_again();
    return now && is_same(*now, *seen_.syscall) ? &seen_ : nullptr;
}

std::optional<observe::TaskSyscall> SameCalls::Entry::read(const observe::Process& process,
                                                           pid_t tid) {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/%d/task/%d/syscall", process.pid(), tid);
    file_ = base::Descriptor(open(path, O_RDONLY | O_CLOEXEC));
    auto call = file_ ? read_again() : std::nullopt;
    if (call && file_.get() < highest_) return call;
    file_.reset();
    // It says, too, why it can't be read.
    return call ? call : process.syscall(tid);
}

}  // namespace threadfault::drive
