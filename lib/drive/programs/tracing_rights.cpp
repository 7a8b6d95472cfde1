#include "drive/programs/tracing_rights.hpp"

#include "format/format.hpp"
#include "observe/process.hpp"

#include <linux/capability.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

namespace threadfault::drive {
namespace {

enum Scope { kAsWithoutYama, kDescendants, kCapableOnly, kNobody };

std::optional<int> read_scope(const std::string& path) {
    FILE* const file = std::fopen(path.c_str(), "re");
    if (file == nullptr) return std::nullopt;
    int scope = 0;
    const bool known = std::fscanf(file, "%d", &scope) == 1;
    std::fclose(file);
    return known ? std::optional(scope) : std::nullopt;
}

// Of root in a user namespace of its own nothing is asked that concerns others.
bool in_own_user_namespace() {
    constexpr std::string_view kFirst = "user:[4026531837]";  // PROC_USER_INIT_INO of the kernel
    char link[64];
    const ssize_t length = readlink("/proc/self/ns/user", link, sizeof link);
    return length > 0 && std::string_view(link, static_cast<std::size_t>(length)) != kFirst;
}

}  // namespace

TracingRights own_tracing_rights(const std::string& scope_file) {
    const observe::TaskStatus status = observe::Process(getpid()).process_status();
    return {.yama_scope = read_scope(scope_file),
            .root = geteuid() == 0,
            .capable = (status.capabilities >> CAP_SYS_PTRACE & 1) != 0,
            .own_user_namespace = in_own_user_namespace()};
}

std::string advice_on_tracing(const TracingRights& rights, const std::string& owner) {
    const int scope = rights.yama_scope.value_or(kAsWithoutYama);
    if (scope == kNobody) {
        return "ptrace_scope is 3: no process may be traced until a reboot; ps, signal and demote "
               "need no tracing";
    }
    if (!rights.capable && rights.root) {
        return "root without CAP_SYS_PTRACE, as in a container: `docker run --cap-add "
               "SYS_PTRACE`, or threadfault on the host";
    }
    if (!rights.capable && scope == kCapableOnly)
        return "ptrace_scope is 2: it takes root (CAP_SYS_PTRACE)";
    if (!rights.capable && scope == kDescendants) {
        return "ptrace_scope is 1: it takes root (CAP_SYS_PTRACE), or "
               "`sysctl kernel.yama.ptrace_scope=0`";
    }
    if (rights.capable && rights.own_user_namespace) {
        return "root of a user namespace may trace what belongs to that namespace: attach from "
               "outside of it";
    }
    return formatted(
        "it belongs to {}, or has given up that it may be looked into "
        "(PR_SET_DUMPABLE, set-user-ID): run threadfault as root",
        owner);
}

TracingOutlook outlook_on_tracing(const TracingRights& rights) {
    const int scope = rights.yama_scope.value_or(kAsWithoutYama);
    const std::string found = formatted("kernel.yama.ptrace_scope is {}", scope);
    if (scope == kNobody) {
        return {found,
                "nobody can see what threads wait for, nor attach, until a reboot; faults work "
                "under `threadfault run`"};
    }
    if (rights.capable) return {"root can inspect every process", ""};
    if (scope == kAsWithoutYama) {
        return {rights.root ? "root without CAP_SYS_PTRACE can inspect its own processes"
                            : "your own processes can be inspected",
                ""};
    }
    return {found,
            "only root can see what threads wait for, and attach; faults work under "
            "`threadfault run`"};
}

}  // namespace threadfault::drive
