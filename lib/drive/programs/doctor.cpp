#include "drive/programs/doctor.hpp"

#include "arch/machine.hpp"
#include "base/rights.hpp"
#include "client/absence.hpp"
#include "client/connection.hpp"
#include "drive/programs/attach_findings.hpp"
#include "drive/programs/launch.hpp"
#include "drive/programs/tracing_rights.hpp"
#include "format/format.hpp"
#include "observe/preloadable.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::drive {
namespace {

constexpr int kOldestKernel[2] = {5, 9};  // close_range(2)

Check check_kernel() {
    utsname name{};
    uname(&name);
    int version[2] = {};
    const char* end = name.release + std::strlen(name.release);
    const auto [rest, error] = std::from_chars(name.release, end, version[0]);
    if (error == std::errc() && rest < end) std::from_chars(rest + 1, end, version[1]);
    const bool ok =
        std::lexicographical_compare(kOldestKernel, kOldestKernel + 2, version, version + 2) ||
        std::equal(version, version + 2, kOldestKernel);
    return {"kernel", ok, formatted("Linux {}", name.release),
            ok ? "" : "Linux 5.9 or later is needed"};
}

Check check_machine_type() {
    utsname name{};
    uname(&name);
    const bool ok = std::string_view(name.machine) == arch::kKernelName;
    return {"machine", ok, name.machine,
            ok ? "" : formatted("this threadfault is built for {}", arch::kName)};
}

Check check_proc() {
    const bool ok = access("/proc/self/task", R_OK) == 0;
    return {"/proc", ok, ok ? "mounted" : "not mounted", ok ? "" : "mount -t proc proc /proc"};
}

Check check_tracing() {
    const TracingOutlook outlook = outlook_on_tracing(own_tracing_rights());
    return {"inspecting processes", true, outlook.detail, outlook.hint};
}

Check check_socket_directory(const std::string& root) {
    for (const char* directory : {"/tmp", "/dev/shm"}) {
        if (access((root + directory).c_str(), W_OK | X_OK) == 0) {
            return {"socket directory", true, std::string(directory) + " is writable", ""};
        }
    }
    return {"socket directory", false, "neither /tmp nor /dev/shm is writable",
            "the agent needs a place for its socket"};
}

Check check_shim(const std::string& given) {
    try {
        return {"shim", true, find_shim(given), ""};
    } catch (const Error& error) {
        return {"shim", false, error.what(), "", error};
    }
}

std::string runtimes_text(const observe::ProgramCheck& check) {
    std::string text;
    for (const std::string& runtime : check.sanitizer_runtimes) {
        text += formatted("{}{}", text.empty() ? "; preloaded before the shim: " : ", ", runtime);
    }
    return text;
}

Check agent_of(const observe::Process& process, std::optional<wire::HelloReply>* hello) {
    try {
        client::Connection connection(process);
        *hello = connection.hello();
        return {"agent", true,
                formatted("answers on {}: {} threads, protocol version {}, signal {}",
                          connection.socket_path(), (*hello)->threads, wire::kVersion,
                          (*hello)->signal),
                ""};
    } catch (const Error& error) {
        return {"agent", false, error.what(), "", error};
    }
}

// A thread may have put a filter on itself alone.
std::vector<std::string> threads_with_filter(const observe::Process& process) {
    std::vector<std::string> names;
    for (const observe::TaskStat& task : process.snapshot()) {
        const auto status = process.status(task.tid);
        if (!status || status->seccomp == 0) continue;
        names.push_back(formatted("{} {}", task.tid, task.name));
    }
    return names;
}

Check check_seccomp(const observe::Process& process, const observe::TaskStatus& status,
                    bool has_agent) {
    if (status.seccomp == 0) {
        std::vector<std::string> names = threads_with_filter(process);
        if (names.empty()) return {"seccomp", true, "no filter", ""};
        constexpr std::size_t kMost = 8;
        const std::size_t count = names.size();
        if (count > kMost) names.resize(kMost);
        return {
            "seccomp", true,
            formatted("{} thread{} a filter of {} own: {}{}", count, count == 1 ? " has" : "s have",
                      count == 1 ? "its" : "their", joined(names, ", "),
                      count > kMost ? formatted(" and {} more", count - kMost) : ""),
            "faults that run code on such a thread are refused (seccomp)"};
    }
    return {"seccomp", true, status.seccomp == 1 ? "strict mode" : "a filter is in force",
            has_agent ? "a filter may punish a system call that a fault needs; a thread with a "
                        "filter of its own is refused (seccomp)"
                      : "no agent runs under a filter that the program has put on itself"};
}

Check check_namespace(const observe::TaskStatus& status) {
    if (status.ns_pid.size() <= 1) return {"pid namespace", true, "the same as ours", ""};
    return {"pid namespace", true,
            formatted("separate: it sees itself as process {}", status.ns_pid.back()), ""};
}

Check check_preloaded(const observe::Process& process) {
    if (client::shim_is_loaded(process)) return {"shim", true, "loaded into the process", ""};
    const client::AbsenceReport report = client::explain_absence(process);
    return {"shim", false, report.text, "", client::to_error(report)};
}

void add_attach_checks(const observe::Process& process, std::vector<Check>* checks) {
    for (AttachFinding& finding : attach_findings(process)) {
        Check check{std::string(kAttachChecks) + finding.name, !finding.obstacle, finding.detail,
                    finding.advice};
        if (finding.obstacle)
            check.error = Error(*finding.obstacle, finding.detail, finding.advice);
        checks->push_back(std::move(check));
    }
}

}  // namespace

bool all_ok(const std::vector<Check>& checks) noexcept {
    return std::all_of(checks.begin(), checks.end(), [](const Check& check) { return check.ok; });
}

std::vector<Check> examine_machine(const std::string& shim) {
    return {check_kernel(),  check_machine_type(),       check_proc(),
            check_tracing(), check_socket_directory(""), check_shim(shim)};
}

std::vector<Check> examine_program(const std::string& program, const std::string& shim) {
    const observe::ProgramCheck check = observe::check_program(program);
    std::vector<Check> checks;
    const bool found = check.verdict != observe::Preloadable::not_found;
    checks.push_back({"program", found, found ? check.path : formatted("{}: not found", program),
                      found ? "" : "name a program in PATH, or a file"});
    if (!found) return checks;
    const bool ok = check.verdict == observe::Preloadable::yes;
    checks.push_back(
        {"preloadable", ok,
         ok ? "a dynamic program that uses glibc" + runtimes_text(check) : check.reason,
         ok ? "" : "`threadfault run` refuses this program"});
    checks.push_back(check_shim(shim));
    return checks;
}

std::vector<Check> examine_process(pid_t pid) {
    const observe::Process process(pid);
    std::vector<Check> checks;
    checks.push_back({"process", true, process.command(), ""});
    const observe::TaskStatus status = process.process_status();
    Check preloaded;
    try {
        preloaded = check_preloaded(process);
    } catch (const Error& error) {
        checks.push_back(
            {"permission", false, error.what(), std::string(base::advice_on_rights())});
        add_attach_checks(process, &checks);
        return checks;
    }
    std::optional<wire::HelloReply> hello;
    if (!preloaded.ok) {
        Check guardian = agent_of(process, &hello);
        if (!hello) {
            checks.push_back(std::move(preloaded));
            add_attach_checks(process, &checks);
            return checks;
        }
        checks.push_back({"shim", true, "not loaded, and not needed: attached to", ""});
        checks.push_back(std::move(guardian));
        checks.push_back(check_namespace(status));
        return checks;
    }
    checks.push_back(std::move(preloaded));
    checks.push_back(agent_of(process, &hello));
    if (!hello) checks.push_back(check_socket_directory(process.root_path()));
    checks.push_back(check_namespace(status));
    checks.push_back(check_seccomp(process, status, hello.has_value()));
    if (status.tracer != 0) {
        checks.push_back({"tracer", true,
                          formatted("process {} traces it (a debugger, strace)", status.tracer),
                          "a tracer intercepts threadfault's signals and may withhold them"});
    }
    return checks;
}

}  // namespace threadfault::drive
