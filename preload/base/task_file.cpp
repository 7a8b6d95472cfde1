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

}  // namespace

bool is_kernel_worker(pid_t tid) noexcept {
    char name[16] = {};
    return read_of(tid, "/comm", name, sizeof name) > 4 && std::memcmp(name, "iou-", 4) == 0;
}

char task_state(pid_t tid) noexcept {
    char text[512] = {};
    const long got = read_of(tid, "/stat", text, sizeof text);
    execute::ThreadStat stat;
    if (got <= 0 || !execute::parse_stat(text, static_cast<std::size_t>(got), &stat)) return '?';
    return stat.state;
}

}  // namespace threadfault::shim
