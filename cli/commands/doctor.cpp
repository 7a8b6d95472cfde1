// threadfault doctor: checks whether the shim can work, and why not.
#include "drive/programs/doctor.hpp"
#include "base/clean_text.hpp"
#include "cli11.hpp"
#include "commands/commands.hpp"
#include "commands/thread_options.hpp"
#include "format/format.hpp"
#include "render/error_table.hpp"
#include "render/json.hpp"
#include "render/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <memory>

namespace threadfault::cli {
namespace {

struct DoctorOptions {
    std::string subject;
};

constexpr const char* kDoctorExamples =
    "Examples:\n"
    "  threadfault doctor                 this machine\n"
    "  threadfault doctor 4711            its agent; or what `attach` would meet\n"
    "  threadfault doctor /usr/bin/ssh    can the shim be loaded into that program?\n"
    "\n"
    "Of a process without an agent the checks named \"attach\" say beforehand what\n"
    "attaching would meet, and how it would end (JSON: attach.exit_status).\n"
    "\n"
    "Exit status: 0 no problem found, 4 there is no agent, or can't be one.\n";

bool is_pid(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string render(const std::vector<drive::Check>& checks, const Style& style) {
    std::size_t width = 0;
    for (const drive::Check& check : checks)
        width = std::max(width, display_width(check.name));
    const std::string good = style.green(style.unicode ? "✓" : "ok");
    const std::string bad = style.red(style.unicode ? "✗" : "no");
    std::string out;
    for (const drive::Check& check : checks) {
        const std::string pad(width - display_width(check.name), ' ');
        out += formatted("{} {}{}  {}\n", check.ok ? good : bad, check.name, pad,
                         base::clean_line(check.detail));
        const std::string advice = check.error ? hint(*check.error) : check.hint;
        if (!advice.empty()) {
            out += std::string(width + (style.unicode ? 4 : 5), ' ') +
                   style.dim(base::clean_line(advice)) + "\n";
        }
    }
    return out;
}

int run_doctor(const DoctorOptions& options, const Invocation& invocation) {
    std::vector<drive::Check> checks;
    if (options.subject.empty()) {
        checks = drive::examine_machine(invocation.shim);
    } else if (is_pid(options.subject)) {
        checks = drive::examine_process(open_process(options.subject).pid());
    } else {
        checks = drive::examine_program(options.subject, invocation.shim);
    }
    print_out(invocation.json ? json_checks(checks) : render(checks, invocation.style()));
    return drive::all_ok(checks) ? 0 : static_cast<int>(ExitCode::no_agent);
}

}  // namespace

void setup_doctor(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<DoctorOptions>();
    app.add_option("PID|PROGRAM", options->subject,
                   "a process, or a program (in PATH, or a file); default: this machine")
        ->type_name("");
    app.footer(kDoctorExamples);
    invocation.action = [options, &invocation] { return run_doctor(*options, invocation); };
}

}  // namespace threadfault::cli
