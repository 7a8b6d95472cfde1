#include "attach/facts.hpp"

#include "client/absence.hpp"
#include "format/format.hpp"
#include "observe/maps.hpp"
#include "observe/symbols.hpp"
#include "threadfault/error.hpp"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

namespace threadfault::attach {
namespace {

constexpr std::array<unsigned char, 3> kSyscallReturn = {0x0f, 0x05, 0xc3};
constexpr std::array<unsigned char, 9> kRestorer = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
constexpr std::uint64_t kMostCode = 32 << 20;  // of one mapping that is looked through

[[noreturn]] void refuse(ErrorCode code, const observe::Process& process, const std::string& why,
                         std::string advice) {
    throw Error(code, formatted("can't attach to process {}: {}", process.pid(), why),
                std::move(advice));
}

std::uint64_t find_bytes(std::span<const unsigned char> code, std::uint64_t begin,
                         std::span<const unsigned char> wanted) {
    const auto found = std::search(code.begin(), code.end(), wanted.begin(), wanted.end());
    return found == code.end() ? 0 : begin + static_cast<std::uint64_t>(found - code.begin());
}

// The kernel's own page (vdso) has the one in every process; libc, or a static program, the other.
Gadgets find_gadgets(const observe::Maps& maps, const observe::Memory& memory) {
    Gadgets gadgets;
    std::vector<unsigned char> code;
    for (const observe::Mapping& mapping : maps.all()) {
        if (!mapping.executable || !mapping.readable) continue;
        if (gadgets.syscall != 0 && gadgets.restorer != 0) break;
        code.resize(std::min(mapping.end - mapping.begin, kMostCode));
        code.resize(memory.read_some(mapping.begin, code.data(), code.size()));
        if (gadgets.syscall == 0) gadgets.syscall = find_bytes(code, mapping.begin, kSyscallReturn);
        if (gadgets.restorer == 0) gadgets.restorer = find_bytes(code, mapping.begin, kRestorer);
    }
    return gadgets;
}

void check_threads(const observe::Process& process) {
    for (const pid_t tid : process.tids()) {
        const auto stat = process.stat(tid);
        if (!stat || stat->is_dead() || stat->is_kernel_worker()) continue;
        const auto status = process.status(tid);
        if (status && status->tracer != 0) {
            refuse(ErrorCode::not_permitted, process,
                   formatted("process {} traces it (a debugger, strace)", status->tracer),
                   "a process has one tracer at a time: end that one first");
        }
        if (stat->state == 'T') {
            refuse(ErrorCode::target_stopped, process, "it is stopped (SIGSTOP)",
                   formatted("let it go on: kill -CONT {}", process.pid()));
        }
    }
    const observe::TaskStatus status = process.process_status();
    const observe::TaskStatus ours = observe::Process(getpid()).process_status();
    const bool own_filter = status.seccomp == 1 || (status.seccomp == 2 && ours.seccomp == 0) ||
                            status.seccomp_filters > ours.seccomp_filters;
    if (own_filter) {
        refuse(ErrorCode::no_agent, process,
               "it has put a seccomp filter on itself, which may end it for the mmap(2) that "
               "attaching needs",
               "ps, stack, locks and watch look from outside and need no attaching; signal and "
               "demote work, too");
    }
}

void check_program(const observe::Process& process) {
    std::array<unsigned char, EI_NIDENT> ident{};
    FILE* const file = std::fopen(process.exe_path().c_str(), "re");
    if (file == nullptr) return;
    const bool read = std::fread(ident.data(), ident.size(), 1, file) == 1;
    std::fclose(file);
    if (read && ident[EI_CLASS] == ELFCLASS32) {
        refuse(ErrorCode::no_agent, process, "it is a 32-bit program",
               "threadfault works on 64-bit programs");
    }
}

std::string ptrace_advice(const observe::Process& process) {
    FILE* const file = std::fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
    int scope = 0;
    const bool known = file != nullptr && std::fscanf(file, "%d", &scope) == 1;
    if (file != nullptr) std::fclose(file);
    if (known && scope == 3) return "ptrace_scope is 3: no process may be traced until a reboot";
    if (known && scope == 2) return "ptrace_scope is 2: it takes root (CAP_SYS_PTRACE)";
    if (known && scope == 1 && geteuid() != 0) {
        return "ptrace_scope is 1: it takes root (CAP_SYS_PTRACE), or "
               "`sysctl kernel.yama.ptrace_scope=0`";
    }
    if (geteuid() == 0) {
        return "root without CAP_SYS_PTRACE, as in a container: docker run --cap-add SYS_PTRACE";
    }
    return formatted(
        "it belongs to {}, or has given up that it may be looked into "
        "(PR_SET_DUMPABLE, set-user-ID): run threadfault as root",
        client::owner_text(process));
}

// pthread_exit and pthread_cancel unwind with libgcc_s, which they load when they first need it.
bool can_load_unwinder(const observe::Process& process, const observe::Maps& maps) {
    if (maps.find_file("libgcc_s.so") != nullptr) return true;
    const std::string root = process.root_path();
    for (const char* place : {"/lib/x86_64-linux-gnu/", "/usr/lib/x86_64-linux-gnu/", "/lib64/",
                              "/usr/lib64/", "/lib/", "/usr/lib/"}) {
        if (access((root + place + "libgcc_s.so.1").c_str(), R_OK) == 0) return true;
    }
    return false;
}

void find_unwinding(const observe::Process& process, const observe::Memory& memory, Facts* facts) {
    observe::Symbols symbols(process);
    const bool dynamic = symbols.maps().find_file("libc.so.6") != nullptr;
    const char* const module = dynamic ? "libc.so.6" : "";
    const auto word = symbols.address_of(module, "_thread_db_pthread_cancelhandling");
    const auto exit = symbols.address_of(module, "pthread_exit");
    if (!word || !exit || *exit == 0) {
        facts->why_no_unwinding = "its C library is not glibc, or has no symbols";
        return;
    }
    // size in bits, number of elements, offset (nptl_db).
    const auto field = memory.read<std::array<std::uint32_t, 3>>(*word);
    if (!field || (*field)[0] != 32 || (*field)[2] > 65'536) {
        facts->why_no_unwinding = "its glibc has another layout than known here";
        return;
    }
    facts->cancel_word = (*field)[2];
    facts->pthread_exit = *exit;
    facts->has_unwinder = !dynamic || can_load_unwinder(process, symbols.maps());
    if (!facts->has_unwinder) {
        facts->why_no_unwinding =
            "libgcc_s.so.1, which pthread_exit needs, is not there: glibc "
            "would abort the process";
    }
}

}  // namespace

Facts learn(const observe::Process& process) {
    check_program(process);
    check_threads(process);
    const observe::Memory memory(process.pid());
    if (!memory.readable()) {
        if (!process.alive()) {
            throw Error(ErrorCode::no_such_process,
                        formatted("process {} has ended", process.pid()));
        }
        refuse(ErrorCode::not_permitted, process, "the kernel does not allow it",
               ptrace_advice(process));
    }
    const observe::Maps maps(process);
    Facts facts;
    facts.gadgets = find_gadgets(maps, memory);
    if (facts.gadgets.syscall == 0 || facts.gadgets.restorer == 0) {
        refuse(ErrorCode::no_agent, process,
               "its code has no place from which a system call can be made", "");
    }
    find_unwinding(process, memory, &facts);
    return facts;
}

}  // namespace threadfault::attach
