#include "client/absence.hpp"

#include "observe/maps.hpp"
#include "observe/proc_file.hpp"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <optional>

namespace threadfault::client {
namespace {

struct Libraries {
    bool shim = false;
    bool loader = false;  // glibc's ld.so
    bool musl = false;
    bool any_file = false;
};

Libraries libraries_of(const observe::Process& process) {
    Libraries found;
    const observe::Maps maps(process);
    for (const observe::Mapping& mapping : maps.all()) {
        if (mapping.path.empty() || mapping.path.front() != '/') continue;
        found.any_file = true;
        const std::string_view path = mapping.path;
        const std::string_view file = path.substr(path.rfind('/') + 1);
        if (file.starts_with(kShimName)) found.shim = true;
        if (file.starts_with("ld-musl") || file.starts_with("libc.musl")) found.musl = true;
        if (file.starts_with("ld-linux") || file.starts_with("ld-2.") ||
            file.starts_with("libc.so.6")) {
            found.loader = true;
        }
    }
    return found;
}

std::string subject(const observe::Process& process) {
    return "process " + std::to_string(process.pid());
}

constexpr std::uint64_t signals(int first, int last) {
    std::uint64_t set = 0;
    for (int number = first; number <= last; ++number)
        set |= std::uint64_t{1} << (number - 1);
    return set;
}

// The shim takes a signal from kChoice when it is loaded, and moves within kRange when the program
// takes that one. Handlers end with exec: what the program finds there is default or ignored.
constexpr int kFirst = 34;
constexpr int kLast = 64;
constexpr std::uint64_t kRange = signals(kFirst + 2, kLast - 2);
constexpr std::uint64_t kChoice = signals(kFirst + 8, kLast - 4);

std::optional<AbsenceReport> explain_by_signals(const std::string& who,
                                                const observe::TaskStatus& status) {
    const std::uint64_t taken = status.caught | status.ignored;
    if ((~taken & kRange) != 0 && (~status.ignored & kChoice) != 0) return std::nullopt;
    AbsenceReport report{Absence::no_signal, {}, {}};
    const bool caught = (~status.caught & kRange) == 0;
    report.text = "every real-time signal that the shim could use in " + who +
                  (caught ? " has a handler of the program's own" : " is ignored or has a handler");
    int left = kFirst;
    while (left <= kLast && (taken >> (left - 1) & 1) != 0)
        ++left;
    report.hint = left <= kLast ? "signal " + std::to_string(left) +
                                      " is free: start the program with THREADFAULT_SIGNAL=" +
                                      std::to_string(left) + " in its environment"
                                : "the program must leave one real-time signal unused; set "
                                  "THREADFAULT_SIGNAL to it at start";
    return report;
}

// A thread of the process that is under more filters than we are: those that a container puts on
// all of its processes don't count. The agent's own thread may be gone, or the only one.
std::optional<pid_t> sandboxed_thread(const observe::Process& process) {
    const observe::TaskStatus ours = observe::Process(getpid()).process_status();
    for (const pid_t tid : process.tids()) {
        const auto status = process.status(tid);
        if (!status || status->seccomp == 0) continue;
        if (ours.seccomp == 0 || status->seccomp_filters > ours.seccomp_filters) return tid;
    }
    return std::nullopt;
}

std::optional<AbsenceReport> explain_by_sandbox(const std::string& who,
                                                const observe::Process& process) {
    const auto tid = sandboxed_thread(process);
    if (!tid) return std::nullopt;
    const std::string place =
        "/proc/" + std::to_string(process.pid()) + "/task/" + std::to_string(*tid) + "/status";
    return AbsenceReport{
        Absence::sandboxed,
        who + " has put a seccomp filter on itself (Seccomp: 2 in " + place +
            "), which may punish system calls that it does not make itself: no agent runs there",
        "ps, locks and watch look from outside; to do faults, start the program without its "
        "sandbox"};
}

// Its socket, a client's, and what it reads of /proc.
constexpr rlim_t kFewestFiles = 3;

std::optional<AbsenceReport> explain_by_files(const std::string& who,
                                              const observe::Process& process) {
    rlimit limit{};
    if (prlimit(process.pid(), RLIMIT_NOFILE, nullptr, &limit) != 0) return std::nullopt;
    if (limit.rlim_cur >= kFewestFiles) return std::nullopt;
    const std::string number = std::to_string(limit.rlim_cur);
    return AbsenceReport{
        Absence::few_files,
        who + " may open too few files for an agent (RLIMIT_NOFILE is " + number + ", it needs " +
            std::to_string(kFewestFiles) + ")",
        "start the program with a higher limit; ps, locks and watch look from outside"};
}

}  // namespace

bool is_in_shim(const observe::Maps& maps, std::uint64_t address) noexcept {
    const observe::Mapping* const mapping = maps.find(address);
    return mapping != nullptr && mapping->path.find("/libthreadfault_") != std::string::npos;
}

bool shim_is_loaded(const observe::Process& process) {
    return libraries_of(process).shim;
}

bool is_secure_execution(const observe::Process& process) {
    const std::string path = process.living_task_path("auxv");
    ElfW(auxv_t) entries[64];
    const ssize_t length = observe::read_small_file(
        AT_FDCWD, path.c_str(), {reinterpret_cast<char*>(entries), sizeof entries});
    if (length <= 0) return false;
    const std::size_t count = static_cast<std::size_t>(length) / sizeof entries[0];
    for (std::size_t i = 0; i < count; ++i) {
        if (entries[i].a_type == AT_SECURE) return entries[i].a_un.a_val != 0;
    }
    return false;
}

std::optional<bool> is_32_bit(const observe::Process& process) {
    unsigned char ident[EI_NIDENT] = {};
    const ssize_t length = observe::read_small_file(AT_FDCWD, process.exe_path().c_str(),
                                                    {reinterpret_cast<char*>(ident), sizeof ident});
    const bool whole = length == static_cast<ssize_t>(sizeof ident);
    return whole ? std::optional(ident[EI_CLASS] == ELFCLASS32) : std::nullopt;
}

std::string owner_text(const observe::Process& process) {
    const observe::TaskStatus status = process.process_status();
    if (status.effective_uid == 0) return "root";
    return "user " + std::to_string(status.effective_uid);
}

AbsenceReport look_for_cause(const observe::Process& process) {
    const std::string who = subject(process);
    Libraries libraries;
    try {
        libraries = libraries_of(process);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::not_permitted) throw;
        return {Absence::not_permitted,
                "not permitted to inspect " + who + ", which belongs to " + owner_text(process),
                {}};
    }
    if (libraries.shim) {
        if (auto report = explain_by_sandbox(who, process)) return *report;
        if (auto report = explain_by_files(who, process)) return *report;
        if (process.tids().size() <= 1) {
            return {
                Absence::single_threaded,
                who +
                    " has a single thread: its agent starts with the first thread that it creates",
                "wait until the program has created a thread"};
        }
        if (auto report = explain_by_signals(who, process.process_status())) return *report;
        return {
            Absence::agent_failed, who + " runs under the shim, but its agent does not answer",
            "the agent starts with the first thread that the program makes itself; threads that "
            "libc makes (timers, aio, the resolver) start none. If there are others, the file "
            "that THREADFAULT_LOG names says why it failed"};
    }
    if (!libraries.any_file &&
        !process.status(process.pid()).value_or(observe::TaskStatus{}).tgid) {
        throw Error(ErrorCode::no_such_process, who + " has ended");
    }
    if (!libraries.any_file) {
        return {Absence::kernel_thread, who + " is a kernel thread or has no program",
                "threadfault works on user processes"};
    }
    // Its auxiliary vector has another layout, too.
    if (is_32_bit(process).value_or(false)) {
        return {Absence::other_word_size, who + " is a 32-bit program",
                "threadfault works on 64-bit programs; what looks works, signal and demote too"};
    }
    if (is_secure_execution(process)) {
        return {Absence::secure_execution,
                who +
                    " runs with raised privileges (set-user-ID, set-group-ID or capabilities), so "
                    "the dynamic loader ignored LD_PRELOAD",
                "start the program itself as the user that it switches to"};
    }
    if (libraries.musl) {
        return {Absence::other_libc, who + " uses a C library other than glibc",
                "the shim needs a program that is linked with glibc"};
    }
    if (!libraries.loader) {
        return {Absence::static_program,
                who + " is statically linked: no library can be preloaded into it",
                "link the program dynamically (without -static)"};
    }
    return {Absence::not_started_under_shim, who + " was not started under threadfault", {}};
}

AbsenceReport explain_absence(const observe::Process& process) {
    AbsenceReport report = look_for_cause(process);
    report.pid = process.pid();
    return report;
}

Error to_error(const AbsenceReport& report) {
    ErrorFacts facts{.advice = report.hint, .pid = report.pid};
    facts.shim_loaded = report.absence == Absence::agent_failed;
    switch (report.absence) {
        case Absence::static_program:
        case Absence::secure_execution:
        case Absence::other_libc:
        case Absence::not_started_under_shim:
            facts.may_attach = true;
            break;
        default:
            break;
    }
    if (report.absence == Absence::not_permitted) {
        return Error(ErrorCode::not_permitted, report.text, std::move(facts));
    }
    return Error(ErrorCode::no_agent, "no agent: " + report.text, std::move(facts));
}

}  // namespace threadfault::client
