#include "execute/thread_state.hpp"

#include "base/libc_signals.hpp"
#include "execute/syscalls.hpp"

#include <cstring>

namespace threadfault::execute {

namespace {

constexpr std::int64_t kNanosecondsPerTick = 10'000'000;  // USER_HZ is 100

// "/proc/self/task/<tid>/<file>", without snprintf, which is not async-signal-safe.
class TaskPath {
public:
    TaskPath(pid_t tid, const char* file) noexcept {
        append("/proc/self/task/");
        char digits[12];
        int count = 0;
        do {
            digits[count++] = static_cast<char>('0' + tid % 10);
            tid /= 10;
        } while (tid > 0);
        while (count > 0)
            text_[length_++] = digits[--count];
        append("/");
        append(file);
    }
    const char* text() const noexcept { return text_; }

private:
    void append(const char* part) noexcept {
        const std::size_t size = std::strlen(part);
        std::memcpy(text_ + length_, part, size);
        length_ += size;
    }

    char text_[48] = {};
    std::size_t length_ = 0;
};

int hexadecimal(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool is_unknown_to_kernel(pid_t pid, pid_t tid) noexcept {
    return sys_tgkill(pid, tid, 0) == -ESRCH;
}

// How much of the file came, or negative.
long read_task_file(pid_t tid, const char* file, char* text, std::size_t size) noexcept {
    const int descriptor = sys_open(TaskPath(tid, file).text(), O_RDONLY);
    if (descriptor < 0) return descriptor;
    const long got = sys_read(descriptor, text, size);
    sys_close(descriptor);
    return got;
}

bool read_stat(pid_t tid, ThreadStat* out) noexcept {
    char text[512] = {};
    const long got = read_task_file(tid, "stat", text, sizeof text);
    return got > 0 && parse_stat(text, static_cast<std::size_t>(got), out);
}

// The moment `since_ns` (CLOCK_MONOTONIC) as /proc counts a thread's start (CLOCK_BOOTTIME).
std::uint64_t as_start_ticks(std::int64_t since_ns) noexcept {
    timespec boot{};
    ::clock_gettime(CLOCK_BOOTTIME, &boot);
    const std::int64_t boot_ns =
        static_cast<std::int64_t>(boot.tv_sec) * kNanosecondsPerSecond + boot.tv_nsec;
    return static_cast<std::uint64_t>((boot_ns - (monotonic_ns() - since_ns)) /
                                      kNanosecondsPerTick);
}

}  // namespace

bool BlockedSignalsParser::feed(const char* text, std::size_t size) noexcept {
    constexpr char kKey[] = "SigBlk:\t";
    constexpr std::size_t kKeySize = sizeof kKey - 1;
    for (std::size_t i = 0; i < size; ++i) {
        if (text[i] != '\n') {
            if (length_ < sizeof line_) line_[length_++] = text[i];
            continue;
        }
        const std::size_t length = length_;
        length_ = 0;
        if (length != kKeySize + 16 || std::memcmp(line_, kKey, kKeySize) != 0) continue;
        std::uint64_t mask = 0;
        bool valid = true;
        for (std::size_t k = kKeySize; k < length; ++k) {
            const int digit = hexadecimal(line_[k]);
            valid = valid && digit >= 0;
            mask = mask << 4 | static_cast<std::uint64_t>(digit & 15);
        }
        if (!valid) continue;
        mask_ = mask;
        return true;
    }
    return false;
}

Deafness judge_mask(std::uint64_t mask, int signal_number) noexcept {
    if ((mask >> (signal_number - 1) & 1) == 0) return Deafness::hears;
    return (mask & base::kLibcSignals) == base::kLibcSignals ? Deafness::newborn
                                                             : Deafness::blocked;
}

Deafness deafness(pid_t tid, int signal_number) noexcept {
    if (tid <= 0) return Deafness::gone;
    const int descriptor = sys_open(TaskPath(tid, "status").text(), O_RDONLY);
    if (descriptor < 0) {
        // Without /proc (a chroot), or with that of another PID namespace, nothing is proven.
        return is_unknown_to_kernel(sys_getpid(), tid) ? Deafness::gone : Deafness::unknown;
    }
    BlockedSignalsParser parser;
    bool found = false;
    char text[512] = {};
    long got = 0;
    while (!found && (got = sys_read(descriptor, text, sizeof text)) > 0) {
        found = parser.feed(text, static_cast<std::size_t>(got));
    }
    sys_close(descriptor);
    if (found) return judge_mask(parser.mask(), signal_number);
    return got == -ESRCH ? Deafness::gone : Deafness::unknown;
}

bool parse_stat(const char* text, std::size_t size, ThreadStat* out) noexcept {
    constexpr int kStateField = 3;
    constexpr int kStartField = 22;
    std::size_t at = size;
    while (at > 0 && text[at - 1] != ')')
        --at;  // the last one: the name may hold others
    if (at == 0 || at + 2 >= size) return false;
    ++at;
    out->state = text[at];
    for (int field = kStateField; field < kStartField; ++field) {
        while (at < size && text[at] != ' ')
            ++at;
        if (++at >= size) return false;
    }
    std::uint64_t ticks = 0;
    const std::size_t first = at;
    for (; at < size && text[at] >= '0' && text[at] <= '9'; ++at) {
        ticks = ticks * 10 + static_cast<std::uint64_t>(text[at] - '0');
    }
    out->start_ticks = ticks;
    return at > first && at < size;
}

std::int64_t cpu_time_ns(pid_t tid) noexcept {
    if (tid <= 0) return -1;
    char text[64] = {};
    const long got = read_task_file(tid, "schedstat", text, sizeof text - 1);
    if (got <= 0) return -1;
    // Of one that has not run yet, or by a kernel that keeps no statistics: then of the asker, too.
    constexpr char kNothing[] = "0 0 0\n";
    if (std::strcmp(text, kNothing) == 0) {
        char own[sizeof text] = {};
        const bool counts = read_task_file(sys_gettid(), "schedstat", own, sizeof own - 1) > 0 &&
                            std::strcmp(own, kNothing) != 0;
        return counts ? 0 : -1;
    }
    std::int64_t time = 0;
    for (const char* digit = text; *digit >= '0' && *digit <= '9'; ++digit)
        time = time * 10 + (*digit - '0');
    return time;
}

bool ExitWatch::has_ended() noexcept {
    state_ = '?';
    if (is_unknown_to_kernel(pid_, tid_)) return true;
    ThreadStat stat;
    if (!read_stat(tid_, &stat)) return is_unknown_to_kernel(pid_, tid_);
    // A main thread that has ended stays listed as Z as long as the others live, and so does a
    // traced thread until its tracer has looked.
    if (stat.state == 'Z' || stat.state == 'X') return true;
    state_ = stat.state;
    if (seen_) return stat.start_ticks != start_ticks_;
    seen_ = true;
    start_ticks_ = stat.start_ticks;
    return stat.start_ticks > as_start_ticks(since_ns_);
}

}  // namespace threadfault::execute
