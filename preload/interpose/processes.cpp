// The calls that replace the process's program, copy the process, or need it to have one thread.
#include "preload/agent/agent.hpp"
#include "preload/base/export.hpp"
#include "preload/base/real.hpp"
#include "preload/base/sandbox.hpp"
#include "preload/base/signals.hpp"
#include "preload/base/start.hpp"
#include "preload/faults/installation.hpp"
#include "preload/registry/registry.hpp"

#include <alloca.h>
#include <sched.h>
#include <stdarg.h>
#include <unistd.h>

namespace shim = threadfault::shim;
namespace real = threadfault::shim::real;

namespace {

// While it lives, the process may turn into another program at any moment: no signal of ours is
// on its way, and masks and dispositions, which the new program inherits, are those that the old
// one believed in.
class ExecScope {
public:
    ExecScope() {
        shim::ensure_loaded();
        // Not at the price of a system call that a filter may punish: no signal of ours comes to a
        // thread that has one, and the new program only misses what the old one believed of ours.
        if (shim::is_filter_known()) return;
        active_ = true;
        // A vfork child has its own masks and dispositions, but our memory, and it gets no
        // requests.
        own_process_ = !shim::is_foreign_process();
        if (own_process_) shim::agent_close_gate();
        shim::show_believed_dispositions();
        kernel_ = shim::kernel_mask();
        believed_ = shim::believed_mask(kernel_);
        if (believed_ != kernel_) shim::set_kernel_mask(believed_);
    }
    // Reached only when exec failed.
    ~ExecScope() {
        if (!active_) return;
        const int kept = errno;
        if (believed_ != kernel_) shim::set_kernel_mask(kernel_);
        if (own_process_) {
            shim::restore_our_dispositions();
            shim::agent_open_gate();
        }
        errno = kept;
    }
    ExecScope(const ExecScope&) = delete;
    ExecScope& operator=(const ExecScope&) = delete;

private:
    bool active_ = false;
    bool own_process_ = false;
    shim::Mask kernel_ = 0;
    shim::Mask believed_ = 0;
};

// unshare and setns of some namespaces want a process of one thread: our helper must not be the
// second.
void be_alone_if_the_program_is() {
    shim::ensure_loaded();
    if (shim::is_filter_known()) return;
    shim::settle_registry();
    if (shim::live_threads() == 1 && !shim::is_foreign_process()) shim::agent_retire();
}

}  // namespace

// execl and its like: counts the arguments, with the final null pointer.
#define THREADFAULT_COLLECT(argv, first, list)                                           \
    va_list list;                                                                        \
    va_start(list, first);                                                               \
    std::size_t count_##argv = 1;                                                        \
    while (va_arg(list, char*) != nullptr)                                               \
        ++count_##argv;                                                                  \
    va_end(list);                                                                        \
    auto** const argv = static_cast<char**>(alloca((count_##argv + 1) * sizeof(char*))); \
    argv[0] = const_cast<char*>(first);                                                  \
    va_start(list, first);                                                               \
    for (std::size_t i = 1; i <= count_##argv; ++i)                                      \
    argv[i] = va_arg(list, char*)

THREADFAULT_EXPORT int execve(const char* path, char* const argv[], char* const envp[]) noexcept {
    const ExecScope scope;
    return real::execve(path, argv, envp);
}

THREADFAULT_EXPORT int execv(const char* path, char* const argv[]) noexcept {
    const ExecScope scope;
    return real::execve(path, argv, environ);
}

THREADFAULT_EXPORT int execvpe(const char* file, char* const argv[], char* const envp[]) noexcept {
    const ExecScope scope;
    return real::execvpe(file, argv, envp);
}

THREADFAULT_EXPORT int execvp(const char* file, char* const argv[]) noexcept {
    const ExecScope scope;
    return real::execvpe(file, argv, environ);
}

THREADFAULT_EXPORT int execl(const char* path, const char* first, ...) noexcept {
    THREADFAULT_COLLECT(argv, first, list);
    va_end(list);
    const ExecScope scope;
    return real::execve(path, argv, environ);
}

THREADFAULT_EXPORT int execlp(const char* file, const char* first, ...) noexcept {
    THREADFAULT_COLLECT(argv, first, list);
    va_end(list);
    const ExecScope scope;
    return real::execvpe(file, argv, environ);
}

THREADFAULT_EXPORT int execle(const char* path, const char* first, ...) noexcept {
    THREADFAULT_COLLECT(argv, first, list);
    char** const envp = va_arg(list, char**);
    va_end(list);
    const ExecScope scope;
    return real::execve(path, argv, envp);
}

THREADFAULT_EXPORT int fexecve(int descriptor, char* const argv[], char* const envp[]) noexcept {
    const ExecScope scope;
    return real::fexecve(descriptor, argv, envp);
}

THREADFAULT_EXPORT int execveat(int directory, const char* path, char* const argv[],
                                char* const envp[], int flags) noexcept {
    const ExecScope scope;
    return real::execveat(directory, path, argv, envp, flags);
}

// fork() runs pthread_atfork's handlers; this one is for children that must not.
THREADFAULT_EXPORT pid_t _Fork() noexcept {
    shim::ensure_loaded();
    const pid_t child = real::_Fork();
    if (child == 0) shim::after_bare_fork();
    return child;
}

THREADFAULT_EXPORT int unshare(int flags) noexcept {
    be_alone_if_the_program_is();
    return real::unshare(flags);
}

THREADFAULT_EXPORT int setns(int descriptor, int type) noexcept {
    be_alone_if_the_program_is();
    return real::setns(descriptor, type);
}
