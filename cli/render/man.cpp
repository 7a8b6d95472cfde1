#include "render/man.hpp"

#include "format/format.hpp"
#include "render/help.hpp"

#include <CLI/CLI.hpp>

namespace threadfault::cli {
namespace {

// What groff would take for its own: a backslash, a hyphen that stands for a minus, a dot or a
// quote at the beginning of a line.
std::string escape(std::string_view text) {
    std::string out;
    bool line_begins = true;
    for (const char c : text) {
        if (line_begins && (c == '.' || c == '\'')) out += "\\&";
        if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else {
            out += c;
        }
        line_begins = c == '\n';
    }
    return out;
}

std::string header(std::string_view name, std::string_view summary) {
    return formatted(".TH {} 1 \"\" \"threadfault " THREADFAULT_VERSION
                     "\" \"threadfault manual\"\n"
                     ".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n",
                     name, escape(name), escape(summary));
}

// The help's own line breaks and tables are kept.
std::string verbatim(std::string_view text) {
    return ".nf\n" + escape(text) + (text.ends_with('\n') ? "" : "\n") + ".fi\n";
}

std::string entry(std::string_view term, std::string_view text) {
    return formatted(".TP\n.B {}\n{}\n", escape(term), escape(text));
}

std::string see_also(std::string_view self) {
    std::string list;
    if (self != "threadfault") list = "\\fBthreadfault\\fR(1)";
    for (const Command& command : commands()) {
        const std::string page = formatted("threadfault-{}", command.name);
        if (command.hidden || page == self) continue;
        list += formatted("{}\\fB{}\\fR(1)", list.empty() ? "" : ",\n", escape(page));
    }
    return ".SH SEE ALSO\n" + list + "\n";
}

constexpr std::string_view kExitCodes =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\ndone\n"
    ".TP\n.B 1\na bad verdict: a test failed, or the target is stuck\n"
    ".TP\n.B 2\nusage or scenario file error\n"
    ".TP\n.B 3\nno such process or thread, or the selector is ambiguous\n"
    ".TP\n.B 4\nno agent in that process\n"
    ".TP\n.B 5\nnot permitted\n"
    ".TP\n.B 6\nthe fault did not take effect in time; the output says why\n"
    ".TP\n.B 7\nthe target died while the command ran\n"
    ".TP\n.B 8\nthreadfault itself failed: output could not be written, a helper program is "
    "missing, "
    "or an internal error\n"
    ".PP\n\\fBrun\\fR passes on the exit code of the program; 127 not found, 126 not executable.\n";

constexpr std::string_view kEnvironment =
    ".SH ENVIRONMENT\n"
    ".TP\n.B THREADFAULT_SIGNAL\nthe real\\-time signal that the shim uses: a number, "
    "or RTMIN+N, RTMAX\\-N\n"
    ".TP\n.B THREADFAULT_LOG\nfile to which the shim appends when its agent starts or why it can "
    "not, and which call\nfaults it skipped\n"
    ".TP\n.B NO_COLOR\nno colours, if set and not empty\n"
    ".SH FILES\n"
    ".TP\n.I /tmp/threadfault\\-UID/PID.sock\nthe control socket of a target; under /dev/shm where "
    "/tmp can't be written\n";

}  // namespace

std::string overview_page() {
    std::string out = header("threadfault", "thread fault injection testing");
    out += ".B threadfault\n[\\fIOPTIONS\\fR] \\fICOMMAND\\fR \\&...\n.SH DESCRIPTION\n";
    out +=
        "Ends, holds or slows exactly one thread of a running, unmodified program, and reports\n"
        "the effect. The program runs under \\fBthreadfault run\\fR, which loads a shim\n"
        "into it; the other commands select it by its process ID.\n.SH COMMANDS\n";
    for (const Command& command : commands()) {
        if (!command.hidden) out += entry(command.name, command.summary);
    }
    out += ".SH OPTIONS\nBefore or after the command:\n";
    out += entry("--json", "one JSON object on stdout, errors as JSON on stderr");
    out += entry("--color auto|always|never", "colours in the output");
    out += entry("--shim PATH", "the shim to use, instead of the one beside this program");
    out += entry("-h, --help", "help");
    out += entry("--version", "print the version");
    return out + std::string(kExitCodes) + std::string(kEnvironment) + see_also("threadfault");
}

std::string command_page(const Command& command, const CLI::App& app,
                         const Invocation& invocation) {
    const std::string name = formatted("threadfault-{}", command.name);
    std::string out = header(name, command.summary);
    out += escape(usage_line(command, app, invocation)) + "\n.SH OPTIONS\n";
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_group().empty()) continue;
        std::string term = option_text(*option);
        term.erase(0, term.find_first_not_of(' '));
        out += entry(term, option->get_description());
    }
    if (const std::string footer = app.get_footer(); !footer.empty()) {
        out += ".SH DESCRIPTION\n" + verbatim(footer);
    }
    return out + see_also(name);
}

}  // namespace threadfault::cli
