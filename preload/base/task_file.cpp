#include "preload/base/task_file.hpp"

#include "execute/syscalls.hpp"
#include "execute/thread_state.hpp"
#include "preload/base/text.hpp"

namespace threadfault::shim {

char task_state(pid_t tid) noexcept {
    Text<48> path;
    path.add("/proc/self/task/").add_number(static_cast<std::uint64_t>(tid)).add("/stat");
    const int file = execute::sys_open(path.text(), O_RDONLY);
    if (file < 0) return '?';
    char text[512] = {};
    const long got = execute::sys_read(file, text, sizeof text);
    execute::sys_close(file);
    execute::ThreadStat stat;
    if (got <= 0 || !execute::parse_stat(text, static_cast<std::size_t>(got), &stat)) return '?';
    return stat.state;
}

}  // namespace threadfault::shim
