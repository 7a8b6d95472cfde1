#include "render/man.hpp"

#include "cli11.hpp"
#include "format/format.hpp"
#include "render/help.hpp"

#include <algorithm>
#include <cctype>
#include <span>

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

// The day on which the pages were last read through.
constexpr std::string_view kDate = "2026-11-26";
constexpr std::size_t kLine = 76;

// As mandoc counts: what is no ASCII as it spells it, \[u2026].
std::size_t source_width(std::string_view text) {
    std::size_t width = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) width++;
        if (byte >= 0xc0) width += 8;
    }
    return width;
}

// Text that is filled: its lines are broken anew, so that none is too long for an editor.
std::string filled(std::string_view text) {
    std::string out, line;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = text.find_first_not_of(" \n", at);
        if (begin == std::string_view::npos) break;
        at = std::min(text.find_first_of(" \n", begin), text.size());
        const std::string word = escape(text.substr(begin, at - begin));
        if (!line.empty() && source_width(line) + 1 + source_width(word) > kLine) {
            out += line + "\n";
            line.clear();
        }
        line += (line.empty() ? "" : " ") + word;
    }
    return out + line + "\n";
}

std::string header(std::string_view name, std::string_view summary) {
    std::string title(name);
    std::transform(title.begin(), title.end(), title.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return formatted(".TH {} 1 {} \"threadfault " THREADFAULT_VERSION
                     "\" \"threadfault manual\"\n"
                     ".SH NAME\n{}.SH SYNOPSIS\n",
                     escape(title), kDate, filled(formatted("{} - {}", name, summary)));
}

// The parts of a command's footer: paragraphs, of which some have a section of their own.
struct FooterParts {
    std::string description, examples, status;
};

FooterParts parts_of(std::string_view footer) {
    constexpr std::string_view kExamples = "Examples:\n", kStatus = "Exit status: ";
    FooterParts parts;
    while (!footer.empty()) {
        const std::size_t end = std::min(footer.find("\n\n"), footer.size());
        std::string_view paragraph = footer.substr(0, end);
        footer.remove_prefix(std::min(end + 2, footer.size()));
        if (paragraph.starts_with(kExamples)) {
            parts.examples += std::string(paragraph.substr(kExamples.size())) + "\n";
        } else if (paragraph.starts_with(kStatus)) {
            parts.status += std::string(paragraph.substr(kStatus.size())) + "\n";
        } else {
            parts.description += (parts.description.empty() ? "" : "\n");
            parts.description += std::string(paragraph) + "\n";
        }
    }
    return parts;
}

// The help's own line breaks and tables are kept.
std::string verbatim(std::string_view text) {
    return ".nf\n" + escape(text) + (text.ends_with('\n') ? "" : "\n") + ".fi\n";
}

std::string entry(std::string_view term, std::string_view text) {
    return formatted(".TP\n.B {}\n{}", escape(term), filled(text));
}

std::string see_also(std::string_view self) {
    std::string list;
    if (self != "threadfault") list = "\\fBthreadfault\\fR(1)";
    for (const Command& command : commands()) {
        const std::string page = formatted("threadfault-{}", command.name);
        if (command.hidden || page == self) continue;
        list += formatted("{}\\fB{}\\fR(1)", list.empty() ? "" : ",\n", escape(page));
    }
    for (const char* const page : {"inject\\fR(7)", "json\\fR(5)", "scenario\\fR(5)"})
        list += formatted(",\n\\fBthreadfault\\-{}", page);
    return ".SH SEE ALSO\n" + list + "\n";
}

struct Row {
    std::string_view term, text;
};

constexpr Row kExitCodes[] = {
    {"0", "done"},
    {"1",
     "a bad verdict: a test failed, the target is stuck, or `locks --exit-code` found a deadlock "
     "or "
     "an orphaned lock"},
    {"2", "usage or scenario file error"},
    {"3", "no such process or thread, or the selector is ambiguous"},
    {"4", "no agent in that process"},
    {"5", "not permitted"},
    {"6", "the fault did not take effect in time; the output says why"},
    {"7", "the target died while the command ran"},
    {"8",
     "threadfault itself failed: output could not be written, a helper program is missing, or an "
     "internal error"},
};

constexpr Row kEnvironment[] = {
    {"THREADFAULT_SIGNAL",
     "the real-time signal that the shim uses: a number, or RTMIN+N, RTMAX-N"},
    {"THREADFAULT_LOG", "file to which the shim writes its log, as `run --log FILE` sets it"},
    {"THREADFAULT_SHIM", "the shim, where --shim does not name it"},
    {"THREADFAULT_LIBEXEC", "the directory of the helper programs"},
    {"THREADFAULT_COMMAND", "the command, for the C++ library and the Python package"},
    {"NO_COLOR", "no colours, if set and not empty"},
};

std::string entries_of(std::span<const Row> rows) {
    std::string out;
    for (const Row& row : rows)
        out += entry(row.term, row.text);
    return out;
}

constexpr std::string_view kFiles =
    ".SH FILES\n"
    ".TP\n.I /tmp/threadfault\\-UID/PID.sock\n"
    "the control socket of a target; under /dev/shm where /tmp can't be\nwritten\n"
    ".TP\n.I share/threadfault/schema\nJSON Schemas of what the commands print\n";

}  // namespace

std::string overview_page() {
    std::string out = header("threadfault", "thread fault injection testing");
    out += ".B threadfault\n[\\fIOPTIONS\\fR] \\fICOMMAND\\fR \\&...\n.SH DESCRIPTION\n";
    out += filled(
        "Ends, holds or slows exactly one thread of a running, unmodified program, and reports the "
        "effect. The program runs under `threadfault run`, which loads a shim into it; the other "
        "commands select it by its process ID.");
    out += ".SS Commands\n";
    for (const Command& command : commands()) {
        if (!command.hidden) out += entry(command.name, command.summary);
    }
    out += ".SH OPTIONS\nBefore or after the command:\n";
    out += entry("--json", "one JSON object on stdout, errors as JSON on stderr");
    out += entry("--color auto|always|never", "colours in the output");
    out += entry("--shim PATH", "the shim to use, instead of the one beside this program");
    out += entry("-h, --help", "help");
    out += entry("-V, --version", "print the version");
    out += ".SH EXIT STATUS\n" + entries_of(kExitCodes) + ".PP\n";
    out +=
        filled("`run` passes on the exit code of the program; 127 not found, 126 not executable.");
    out += ".SH ENVIRONMENT\n" + entries_of(kEnvironment) + std::string(kFiles);
    out += ".SH EXAMPLES\n";
    out += verbatim(
        "threadfault run -- memcached -t 4 &\n"
        "threadfault ps $!\n"
        "threadfault kill $! name=mc-worker --first --how vanish\n"
        "threadfault locks $!\n");
    return out + see_also("threadfault");
}

std::string command_page(const Command& command, const CLI::App& app,
                         const Invocation& invocation) {
    const std::string name = formatted("threadfault-{}", command.name);
    const FooterParts parts = parts_of(app.get_footer());
    std::string out = header(name, command.summary);
    out += filled(usage_line(command, app, invocation)) + ".SH DESCRIPTION\n";
    out += filled(std::string(command.summary) + ".");
    if (!parts.description.empty()) out += ".PP\n" + verbatim(parts.description);
    out += ".SH OPTIONS\n";
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_group().empty()) continue;
        std::string term = option_text(*option);
        term.erase(0, term.find_first_not_of(' '));
        out += entry(term, option->get_description());
    }
    out += ".SH EXIT STATUS\n";
    if (!parts.status.empty()) out += filled(parts.status) + ".PP\n";
    out += "\\fBthreadfault\\fR(1) lists all.\n";
    out += ".SH ENVIRONMENT\nSee \\fBthreadfault\\fR(1).\n";
    if (!parts.examples.empty()) out += ".SH EXAMPLES\n" + verbatim(parts.examples);
    return out + see_also(name);
}

}  // namespace threadfault::cli
