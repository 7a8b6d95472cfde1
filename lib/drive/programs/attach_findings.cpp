#include "drive/programs/attach_findings.hpp"

#include "arch/machine.hpp"
#include "arch/traced.hpp"
#include "client/absence.hpp"
#include "format/format.hpp"
#include "observe/symbols.hpp"

#include <elf.h>
#include <linux/capability.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

namespace threadfault::drive {
namespace {

constexpr char kRights[] = "rights";

observe::TaskStatus own_status() {
    return observe::Process(getpid()).process_status();
}

bool has_capability(const observe::TaskStatus& status, int number) {
    return (status.capabilities >> number & 1) != 0;
}

// Of root in a user namespace of its own nothing is asked that concerns others.
bool in_own_user_namespace() {
    constexpr std::string_view kFirst = "user:[4026531837]";  // PROC_USER_INIT_INO of the kernel
    char link[64];
    const ssize_t length = readlink("/proc/self/ns/user", link, sizeof link);
    return length > 0 && std::string_view(link, static_cast<std::size_t>(length)) != kFirst;
}

AttachFinding look_at_program(const observe::Process& process) {
    std::array<unsigned char, EI_NIDENT> ident{};
    FILE* const file = std::fopen(process.exe_path().c_str(), "re");
    if (file == nullptr) return {"program", "not readable from here", ""};
    const bool read = std::fread(ident.data(), ident.size(), 1, file) == 1;
    std::fclose(file);
    if (read && ident[EI_CLASS] == ELFCLASS32) {
        return {"program", "it is a 32-bit program",
                "threadfault works on 64-bit programs; what looks works, signal and demote too",
                ErrorCode::no_agent};
    }
    return {"program", "a 64-bit program", ""};
}

std::optional<int> yama_scope() {
    FILE* const file = std::fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
    if (file == nullptr) return std::nullopt;
    int scope = 0;
    const bool known = std::fscanf(file, "%d", &scope) == 1;
    std::fclose(file);
    return known ? std::optional(scope) : std::nullopt;
}

std::string advice_on_tracing(const observe::Process& process) {
    const int scope = yama_scope().value_or(0);
    const bool capable = has_capability(own_status(), CAP_SYS_PTRACE);
    if (scope == 3) return "ptrace_scope is 3: no process may be traced until a reboot";
    if (!capable && geteuid() == 0) {
        return "root without CAP_SYS_PTRACE, as in a container: `docker run --cap-add "
               "SYS_PTRACE`, or threadfault on the host";
    }
    if (!capable && scope == 2) return "ptrace_scope is 2: it takes root (CAP_SYS_PTRACE)";
    if (!capable && scope == 1) {
        return "ptrace_scope is 1: it takes root (CAP_SYS_PTRACE), or "
               "`sysctl kernel.yama.ptrace_scope=0`";
    }
    if (capable && in_own_user_namespace()) {
        return "root of a user namespace may trace what belongs to that namespace: attach from "
               "outside of it";
    }
    return formatted(
        "it belongs to {}, or has given up that it may be looked into "
        "(PR_SET_DUMPABLE, set-user-ID): run threadfault as root",
        client::owner_text(process));
}

AttachFinding look_at_rights(const observe::Process& process) {
    if (observe::Memory(process.pid()).readable()) {
        return {kRights, "the kernel permits to trace it", ""};
    }
    if (!process.alive()) {
        throw Error(ErrorCode::no_such_process, formatted("process {} has ended", process.pid()));
    }
    return {kRights, "the kernel does not allow it", advice_on_tracing(process),
            ErrorCode::not_permitted};
}

std::string name_of(pid_t pid) {
    try {
        return formatted("{} ({})", pid, observe::Process(pid).command());
    } catch (const Error&) {
        return formatted("{}", pid);
    }
}

// What the threads tell, each of which is looked at once.
struct Threads {
    pid_t tracer = 0;  // of one of them
    bool stopped = false;
    bool filtered = false;  // by a seccomp filter of their own, beyond those that hold for us, too
};

Threads look_at_threads(const observe::Process& process) {
    const observe::TaskStatus ours = own_status();
    Threads found;
    for (const pid_t tid : process.tids()) {
        if (const auto stat = process.stat(tid)) found.stopped |= stat->state == 'T';
        const auto status = process.status(tid);
        if (!status) continue;
        if (found.tracer == 0) found.tracer = status->tracer;
        if (status->seccomp == 0) continue;
        found.filtered |= status->seccomp == 1 || ours.seccomp == 0 ||
                          status->seccomp_filters > ours.seccomp_filters;
    }
    return found;
}

AttachFinding look_for_tracer(const Threads& threads) {
    if (threads.tracer == 0) return {"tracer", "none", ""};
    return {"tracer",
            formatted("process {} traces it (a debugger, strace)", name_of(threads.tracer)),
            "a process has one tracer at a time: end that one first", ErrorCode::not_permitted};
}

AttachFinding look_at_state(const observe::Process& process, const Threads& threads) {
    if (!threads.stopped) return {"state", "not stopped", ""};
    return {"state", "it is stopped (SIGSTOP)",
            formatted("let it go on: kill -CONT {}", process.pid()), ErrorCode::target_stopped};
}

AttachFinding look_at_seccomp(const Threads& threads) {
    if (!threads.filtered) return {"seccomp", "no filter of its own", ""};
    const observe::TaskStatus ours = own_status();
    // What ptrace(2) wants for PTRACE_O_SUSPEND_SECCOMP.
    const bool may_suspend =
        has_capability(ours, CAP_SYS_ADMIN) && !in_own_user_namespace() && ours.seccomp == 0;
    if (may_suspend) {
        return {"seccomp",
                "it has put a filter on itself, which is suspended while a thread is borrowed",
                "freeze, delay and spin are refused (seccomp) where the filter forbids the futex "
                "in which a thread is held"};
    }
    return {"seccomp",
            "it has put a seccomp filter on itself, which may end it for the mmap(2) that "
            "attaching needs",
            "root with CAP_SYS_ADMIN can suspend it (PTRACE_O_SUSPEND_SECCOMP); ps, stack, locks "
            "and watch look from outside and need no attaching; signal and demote work, too",
            ErrorCode::no_agent};
}

// pthread_exit and pthread_cancel unwind with libgcc_s, which they load when they first need it.
bool can_load_unwinder(const observe::Process& process) {
    const std::string root = process.root_path();
    for (const std::string& place :
         {formatted("/lib/{}/", arch::kLibraryPath), formatted("/usr/lib/{}/", arch::kLibraryPath),
          std::string("/lib64/"), std::string("/usr/lib64/"), std::string("/lib/"),
          std::string("/usr/lib/")}) {
        if (access((root + place + "libgcc_s.so.1").c_str(), R_OK) == 0) return true;
    }
    return false;
}

AttachFinding look_at_unwinding(const observe::Process& process, bool filtered) {
    const Unwinding unwinding = find_unwinding(process, observe::Memory(process.pid()), filtered);
    if (unwinding.why_not.empty()) return {"deaths", "vanish, exit, cancel, async-cancel", ""};
    return {"deaths", "vanish alone: " + unwinding.why_not,
            "exit, cancel and async-cancel are refused there (no-unwinder)"};
}

// What attaching looks at, in that order, until `take` returns false.
template <typename Take>
Threads look(const observe::Process& process, Take take) {
    if (!take(look_at_program(process))) return {};
    const Threads threads = look_at_threads(process);
    if (take(look_for_tracer(threads)) && take(look_at_state(process, threads)) &&
        take(look_at_rights(process))) {
        take(look_at_seccomp(threads));
    }
    return threads;
}

}  // namespace

Unwinding find_unwinding(const observe::Process& process, const observe::Memory& memory,
                         bool filtered) {
    Unwinding found;
    observe::Symbols symbols(process);
    const bool dynamic = symbols.maps().find_file("libc.so.6") != nullptr;
    const char* const module = dynamic ? "libc.so.6" : "";
    const auto word = symbols.address_of(module, "_thread_db_pthread_cancelhandling");
    const auto exit = symbols.address_of(module, "pthread_exit");
    if (!word || !exit || *exit == 0) {
        found.why_not = "its C library is not glibc, or has no symbols";
        return found;
    }
    // size in bits, number of elements, offset (nptl_db).
    const auto field = memory.read<std::array<std::uint32_t, 3>>(*word);
    if (!field || (*field)[0] != 32 || (*field)[2] > 65'536) {
        found.why_not = "its glibc has another layout than known here";
        return found;
    }
    const auto size_at = symbols.address_of(module, "_thread_db_sizeof_pthread");
    const auto size = size_at ? memory.read<std::uint32_t>(*size_at) : std::nullopt;
    if (arch::kDescriptorEndsAtPointer && (!size || *size > 65'536)) {
        found.why_not = "its glibc does not tell how large a thread's descriptor is";
        return found;
    }
    found.descriptor_size = size.value_or(0);
    found.cancel_word = (*field)[2];
    found.pthread_exit = *exit;
    if (!dynamic || symbols.maps().find_file("libgcc_s.so") != nullptr) return found;
    if (filtered) {
        found.why_not =
            "libgcc_s.so.1, which pthread_exit would load, is not loaded yet, and the seccomp "
            "filter may forbid that";
    } else if (!can_load_unwinder(process)) {
        found.why_not =
            "libgcc_s.so.1, which pthread_exit needs, is not there: glibc "
            "would abort the process";
    }
    return found;
}

std::vector<AttachFinding> attach_findings(const observe::Process& process) {
    std::vector<AttachFinding> findings;
    bool permitted = false;
    const Threads threads = look(process, [&](AttachFinding finding) {
        if (finding.name == kRights) permitted = !finding.obstacle;
        findings.push_back(std::move(finding));
        return true;
    });
    if (permitted) findings.push_back(look_at_unwinding(process, threads.filtered));
    return findings;
}

bool require_attachable(const observe::Process& process) {
    return look(process,
                [&](const AttachFinding& finding) {
                    if (!finding.obstacle) return true;
                    throw Error(
                        *finding.obstacle,
                        formatted("can't attach to process {}: {}", process.pid(), finding.detail),
                        finding.advice);
                })
        .filtered;
}

}  // namespace threadfault::drive
