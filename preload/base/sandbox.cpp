#include "preload/base/sandbox.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/text.hpp"

#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <atomic>
#include <cstring>

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

// The number behind `key`, which begins a line; false: it is another line.
bool take_number(const char* line, const char* key, int* out) noexcept {
    const std::size_t length = std::strlen(key);
    if (std::strncmp(line, key, length) != 0) return false;
    int number = 0;
    for (const char* digit = line + length; *digit >= '0' && *digit <= '9'; ++digit)
        number = number * 10 + (*digit - '0');
    *out = number;
    return true;
}

// The file is longer than what may be wanted of a stack here, so it comes in pieces.
Filters read_filters(const char* path) noexcept {
    Filters found;
    const int file = execute::sys_open(path, O_RDONLY);
    if (file < 0) {
        found.error = file;
        return found;
    }
    char line[32] = {};
    std::size_t length = 0;
    char piece[256];
    long got = 0;
    // The number of filters comes last of what is looked for.
    bool counted = false;
    while (!counted && (got = execute::sys_read(file, piece, sizeof piece)) > 0) {
        for (long i = 0; i < got; ++i) {
            if (piece[i] != '\n') {
                if (length + 1 < sizeof line) line[length++] = piece[i];
                continue;
            }
            line[length] = '\0';
            length = 0;
            if (take_number(line, "Seccomp:\t", &found.mode)) found.known = true;
            if (take_number(line, "Seccomp_filters:\t", &found.count)) counted = true;
        }
    }
    execute::sys_close(file);
    return found;
}

Filters filters_of(pid_t tid) noexcept {
    Text<48> path;
    path.add("/proc/self/task/").add_number(static_cast<std::uint64_t>(tid)).add("/status");
    return read_filters(path.text());
}

Filters own_filters() noexcept {
    return read_filters("/proc/thread-self/status");
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
