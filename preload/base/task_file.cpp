#include "preload/base/task_file.hpp"

#include "execute/syscalls.hpp"
#include "execute/thread_state.hpp"
#include "preload/base/text.hpp"

#include <cstring>

namespace threadfault::shim {

namespace {

// -errno, or how much of the file came.
long read_of(pid_t tid, const char* name, char* text, std::size_t size) noexcept {
    Text<48> path;
    path.add("/proc/self/task/").add_number(static_cast<std::uint64_t>(tid)).add(name);
    const int file = execute::sys_open(path.text(), O_RDONLY);
    if (file < 0) return file;
    const long got = execute::sys_read(file, text, size);
    execute::sys_close(file);
    return got;
}

bool read_stat(pid_t tid, execute::ThreadStat* stat) noexcept {
    char text[512] = {};
    const long got = read_of(tid, "/stat", text, sizeof text);
    return got > 0 && execute::parse_stat(text, static_cast<std::size_t>(got), stat);
}

}  // namespace

bool is_kernel_worker(pid_t tid) noexcept {
    char name[16] = {};
    return read_of(tid, "/comm", name, sizeof name) > 4 && std::memcmp(name, "iou-", 4) == 0;
}

char task_state(pid_t tid) noexcept {
    execute::ThreadStat stat;
    return read_stat(tid, &stat) ? stat.state : '?';
}

std::uint64_t task_start(pid_t tid) noexcept {
    execute::ThreadStat stat;
    return read_stat(tid, &stat) ? stat.start_ticks : 0;
}

bool parse_stack_pointer(const char* text, std::size_t size, std::uint64_t* out) noexcept {
    std::uint64_t numbers[2] = {};  // the last two
    unsigned count = 0;
    for (std::size_t at = 0; at < size && text[at] != '\n';) {
        const bool hexadecimal = size - at > 2 && text[at] == '0' && text[at + 1] == 'x';
        std::uint64_t number = 0;
        std::size_t digits = 0;
        for (at += hexadecimal ? 2 : 0; at < size && text[at] != ' ' && text[at] != '\n'; ++at) {
            const char c = text[at];
            if (c >= '0' && c <= '9') {
                number = number << 4 | static_cast<std::uint64_t>(c - '0');
            } else if (c >= 'a' && c <= 'f' && hexadecimal) {
                number = number << 4 | static_cast<std::uint64_t>(c - 'a' + 10);
            } else if (c != '-' || digits > 0) {
                return false;  // "running"
            }
            ++digits;
        }
        if (hexadecimal) {
            numbers[0] = numbers[1];
            numbers[1] = number;
            ++count;
        }
        if (at < size && text[at] == ' ') ++at;
    }
    if (count < 2 || numbers[0] == 0) return false;
    *out = numbers[0];
    return true;
}

bool waiting_stack_pointer(pid_t tid, std::uint64_t* out) noexcept {
    char text[256] = {};
    const long got = read_of(tid, "/syscall", text, sizeof text);
    return got > 0 && parse_stack_pointer(text, static_cast<std::size_t>(got), out);
}

}  // namespace threadfault::shim
