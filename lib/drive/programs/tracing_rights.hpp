// May we look into processes, and attach to them? What the kernel asks for, and what to do about
// it.
#ifndef THREADFAULT_DRIVE_PROGRAMS_TRACING_RIGHTS_HPP
#define THREADFAULT_DRIVE_PROGRAMS_TRACING_RIGHTS_HPP

#include <optional>
#include <string>

namespace threadfault::drive {

inline constexpr char kYamaScope[] = "/proc/sys/kernel/yama/ptrace_scope";

struct TracingRights {
    // 0 as without yama, 1 descendants or CAP_SYS_PTRACE, 2 CAP_SYS_PTRACE, 3 nobody; nothing: the
    // kernel has no yama.
    std::optional<int> yama_scope;
    bool root = false;                // the effective user id
    bool capable = false;             // CAP_SYS_PTRACE
    bool own_user_namespace = false;  // and not the first one
};

TracingRights own_tracing_rights(const std::string& scope_file = kYamaScope);

// Where the kernel has refused one that belongs to `owner`: why that may be, and what to do.
std::string advice_on_tracing(const TracingRights& rights, const std::string& owner);

// Of processes in general, as `doctor` says it.
struct TracingOutlook {
    std::string detail;
    std::string hint;
};
TracingOutlook outlook_on_tracing(const TracingRights& rights);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_PROGRAMS_TRACING_RIGHTS_HPP
