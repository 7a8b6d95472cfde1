#include "preload/base/sandbox.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/status_file.hpp"
#include "preload/base/text.hpp"

#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <atomic>

namespace threadfault::shim {

namespace {

struct Filters {
    int mode = SECCOMP_MODE_DISABLED;
    int count = 0;  // 0, too, where the kernel does not tell (before Linux 5.10)
    bool known = false;
    long error = 0;  // of opening the file
};

constinit std::atomic<bool> inherited{false};
constinit std::atomic<int> inherited_count{0};

[[gnu::tls_model("initial-exec")]] constinit thread_local bool own_filter = false;
constinit std::atomic<bool> filter_on_all{false};

// False: it is another line.
bool take_number(const char* line, const char* key, int* out) noexcept {
    const char* digit = value_of(line, key);
    if (digit == nullptr) return false;
    int number = 0;
    for (; *digit >= '0' && *digit <= '9'; ++digit)
        number = number * 10 + (*digit - '0');
    *out = number;
    return true;
}

Filters read_filters(const char* path) noexcept {
    Filters found;
    // The number of filters comes last of what is looked for.
    found.error = for_each_status_line(path, [&found](const char* line) {
        if (take_number(line, "Seccomp:\t", &found.mode)) found.known = true;
        return !take_number(line, "Seccomp_filters:\t", &found.count);
    });
    return found;
}

Filters filters_of(pid_t tid) noexcept {
    Text<48> path;
    path.add("/proc/self/task/").add_number(static_cast<std::uint64_t>(tid)).add("/status");
    return read_filters(path.text());
}

Filters own_filters() noexcept {
    return read_filters(kOwnStatus);
}

int own_mode() noexcept {
    return static_cast<int>(execute::sys_call(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0));
}

bool exceeds_inherited(const Filters& now) noexcept {
    if (now.mode == SECCOMP_MODE_DISABLED) return false;
    return !inherited.load(std::memory_order_relaxed) ||
           now.count > inherited_count.load(std::memory_order_relaxed);
}

}  // namespace

void note_inherited_filters() noexcept {
    // A kernel without seccomp says EINVAL.
    if (own_mode() <= SECCOMP_MODE_DISABLED) return;
    inherited_count.store(own_filters().count, std::memory_order_relaxed);
    inherited.store(true, std::memory_order_relaxed);
}

void note_own_filter() noexcept {
    own_filter = true;
}

bool has_own_filter() noexcept {
    return own_filter;
}

void note_filter_on_all() noexcept {
    filter_on_all.store(true, std::memory_order_release);
}

bool is_filter_known() noexcept {
    return own_filter || filter_on_all.load(std::memory_order_acquire);
}

bool is_sandboxed() noexcept {
    if (is_filter_known()) return true;
    const Filters now = own_filters();
    if (now.known) return exceeds_inherited(now);
    // No /proc, or no descriptor left for it: these are the kernel's own errors, as far as can be
    // told. Any other one is a filter's.
    const bool kernel_says = now.error == -ENOENT || now.error == -EMFILE || now.error == -ENFILE;
    if (!kernel_says) return true;
    const int mode = own_mode();
    if (mode == SECCOMP_MODE_DISABLED || mode == -EINVAL) return false;
    return true;
}

bool is_sandboxed(pid_t tid) noexcept {
    const Filters now = filters_of(tid);
    return now.known && exceeds_inherited(now);
}

}  // namespace threadfault::shim
