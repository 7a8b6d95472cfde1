#include "preload/base/log.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/text.hpp"

#include <stdlib.h>

#include <cstring>

namespace threadfault::shim {

namespace {

constinit char log_file[256] = {};

}  // namespace

void learn_log_file() noexcept {
    const char* const name = ::getenv("THREADFAULT_LOG");
    if (name == nullptr || std::strlen(name) >= sizeof log_file) return;
    std::memcpy(log_file, name, std::strlen(name) + 1);
}

void log_line(const char* text, long error) noexcept {
    if (log_file[0] == '\0') return;
    Text<320> line;
    line.add("threadfault[").add_number(static_cast<std::uint64_t>(execute::sys_getpid()));
    line.add("]: ").add(text);
    if (error != 0) {
        line.add(": errno ").add_number(static_cast<std::uint64_t>(error < 0 ? -error : error));
    }
    line.add("\n");
    const int file = execute::sys_open(log_file, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0) return;
    execute::sys_write(file, line.text(), line.size());
    execute::sys_close(file);
}

}  // namespace threadfault::shim
