#include "preload/agent/company.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/agent_thread.hpp"
#include "preload/base/start.hpp"
#include "preload/base/task_file.hpp"

#include <dirent.h>
#include <fcntl.h>

namespace threadfault::shim {

namespace {

using execute::sys_call;

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kPause = 25 * kMillisecond;
// Where no thread can be watched (before Linux 6.9): the only wake-up of a helper at rest.
constexpr std::int64_t kPauseWithoutSentinel = 1000 * kMillisecond;

// pidfd_open(2), Linux 6.9: of one thread. Not in the headers of older systems.
constexpr unsigned kPidfdThread = O_EXCL;

// The tid that a directory entry names; 0: none ("." and "..").
pid_t tid_of(const char* name) noexcept {
    pid_t tid = 0;
    for (; *name >= '0' && *name <= '9'; ++name)
        tid = tid * 10 + (*name - '0');
    return *name == '\0' ? tid : 0;
}

// The first thread that is neither main nor ours: 0: there is none. -1: can't be told.
pid_t first_of_the_others() noexcept {
    const int directory = execute::sys_open("/proc/self/task", O_RDONLY | O_DIRECTORY);
    if (directory < 0) return -1;
    alignas(dirent64) char buffer[1024] = {};  // the analyzer does not know who fills it
    pid_t found = 0;
    long got = 0;
    while (found == 0 && (got = sys_call(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
        for (long at = 0; at < got && found == 0;) {
            const auto* const entry = reinterpret_cast<const dirent64*>(buffer + at);
            at += entry->d_reclen;
            const pid_t tid = tid_of(entry->d_name);
            if (tid == 0 || tid == shim_pid() || tid == agent_tid()) continue;
            // A worker that the kernel has made for io_uring is not a thread of the program.
            if (is_kernel_worker(tid)) continue;
            const char state = task_state(tid);
            if (state != 'Z' && state != 'X') found = tid;
        }
    }
    execute::sys_close(directory);
    return got < 0 ? -1 : found;
}

}  // namespace

void Company::begin(std::int64_t now) noexcept {
    sentinel_ = -1;  // of a helper before us: closed with its descriptor table
    may_open_ = true;
    next_look_ = now + kPause;
}

void Company::sentinel_ended(std::int64_t now) noexcept {
    let_sentinel_go();
    next_look_ = now + kPause;
}

void Company::do_without_descriptor(std::int64_t now) noexcept {
    let_sentinel_go();
    may_open_ = false;
    next_look_ = now + kPauseWithoutSentinel;
}

Company::Left Company::look(std::int64_t now) noexcept {
    // Before the others are looked for: a main thread that is alone may make one, and end, while we
    // look.
    const char main = task_state(shim_pid());
    const pid_t other = first_of_the_others();
    if (other < 0) {
        next_look_ = execute::kNever;
        return Left::somebody;
    }
    if (other > 0) {
        watch(other, now);
        return Left::somebody;
    }
    let_sentinel_go();
    next_look_ = now + kPause;
    return main == 'Z' || main == 'X' ? Left::nobody : Left::main_alone;
}

void Company::watch(pid_t tid, std::int64_t now) noexcept {
    let_sentinel_go();
    const long opened = may_open_ ? sys_call(SYS_pidfd_open, tid, kPidfdThread) : -EMFILE;
    if (opened >= 0) {
        sentinel_ = static_cast<int>(opened);
        next_look_ = execute::kNever;
    } else {
        // ESRCH: it has just ended.
        next_look_ = now + (opened == -ESRCH ? kPause : kPauseWithoutSentinel);
    }
}

void Company::let_sentinel_go() noexcept {
    if (sentinel_ >= 0) execute::sys_close(sentinel_);
    sentinel_ = -1;
}

void Company::end() noexcept {
    let_sentinel_go();
    next_look_ = execute::kNever;
}

}  // namespace threadfault::shim
