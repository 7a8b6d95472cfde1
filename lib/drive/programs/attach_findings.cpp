#include "drive/programs/attach_findings.hpp"

#include "arch/machine.hpp"
#include "arch/traced.hpp"
#include "client/absence.hpp"
#include "drive/programs/tracing_rights.hpp"
#include "format/format.hpp"
#include "observe/symbols.hpp"

#include <linux/capability.h>
#include <unistd.h>

#include <array>
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

AttachFinding look_at_program(const observe::Process& process) {
    const std::optional<bool> is_32_bit = client::is_32_bit(process);
    if (!is_32_bit) return {"program", "not readable from here", ""};
    if (*is_32_bit) {
        return {"program", "it is a 32-bit program",
                "threadfault works on 64-bit programs; what looks works, signal and demote too",
                ErrorCode::no_agent};
    }
    return {"program", "a 64-bit program", ""};
}

AttachFinding look_at_rights(const observe::Process& process) {
    if (observe::Memory(process.pid()).readable()) {
        return {kRights, "the kernel permits to trace it", ""};
    }
    if (!process.alive()) {
        throw Error(ErrorCode::no_such_process, formatted("process {} has ended", process.pid()));
    }
    return {kRights, "the kernel does not allow it",
            advice_on_tracing(own_tracing_rights(), client::owner_text(process)),
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
    const bool may_suspend = has_capability(ours, CAP_SYS_ADMIN) &&
                             !own_tracing_rights().own_user_namespace && ours.seccomp == 0;
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
