#include "render/help.hpp"

#include "format/format.hpp"
#include "render/text.hpp"

#include <CLI/CLI.hpp>

namespace threadfault::cli {
namespace {

constexpr std::size_t kIndent = 2;

std::string entries(const std::vector<std::pair<std::string, std::string>>& list,
                    const Style& style) {
    std::size_t width = 0;
    for (const auto& [term, text] : list)
        width = std::max(width, display_width(term));
    std::string out;
    for (const auto& [term, text] : list) {
        out += std::string(kIndent, ' ') + style.cyan(term);
        out += std::string(width - display_width(term) + 2, ' ') + text + "\n";
    }
    return out;
}

}  // namespace

std::string option_text(const CLI::Option& option) {
    if (option.get_positional()) return option.get_name();
    std::string text;
    for (const std::string& name : option.get_snames())
        text += "-" + name;
    for (const std::string& name : option.get_lnames()) {
        text += (text.empty() ? "    --" : ", --") + name;
    }
    const std::string type = option.get_type_name();
    if (!type.empty()) text += (type.front() == '[' ? "" : " ") + type;
    return text;
}

std::string overview(const Style& style) {
    std::vector<std::pair<std::string, std::string>> list;
    for (const Command& command : commands()) {
        if (!command.hidden) list.emplace_back(command.name, command.summary);
    }
    std::string out = style.bold("Usage:") + " threadfault [OPTIONS] COMMAND …\n\n";
    out += "Thread fault injection: ends, and looks at, single threads of a running program.\n\n";
    out += style.bold("Commands:") + "\n" + entries(list, style) + "\n";
    out += style.bold("Options, before or after the command:") + "\n";
    out += entries({{"    --json", "one JSON object on stdout, errors as JSON on stderr"},
                    {"    --color WHEN", "auto, always or never; NO_COLOR is honoured"},
                    {"    --shim PATH", "the shim to use, instead of the one beside this program"},
                    {"    --version", "print the version"},
                    {"-h, --help", "this help; `threadfault COMMAND --help` tells more"}},
                   style);
    out += "\n" + style.bold("A first try:") +
           "\n"
           "  threadfault run -- memcached -t 4 &\n"
           "  threadfault ps $!\n"
           "  threadfault kill $! name=mc-worker --first --how vanish\n";
    return out;
}

std::string usage_line(const Command& command, const CLI::App& app, const Invocation& invocation) {
    std::string usage = formatted("threadfault {} [OPTIONS]", command.name);
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_group().empty() || !option->get_positional()) continue;
        usage +=
            option->get_required() ? " " + option->get_name() : " [" + option->get_name() + "]";
    }
    if (!invocation.usage_tail.empty()) usage += " " + invocation.usage_tail;
    return usage;
}

std::string command_help(const Command& command, const CLI::App& app, const Invocation& invocation,
                         const Style& style) {
    std::vector<std::pair<std::string, std::string>> positionals, options;
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_group().empty()) continue;
        (option->get_positional() ? positionals : options)
            .emplace_back(option_text(*option), option->get_description());
    }
    std::string out = style.bold("Usage:") + " " + usage_line(command, app, invocation) + "\n\n";
    out += formatted("{}\n\n", command.summary);
    if (!positionals.empty()) out += entries(positionals, style) + "\n";
    out += style.bold("Options:") + "\n" + entries(options, style);
    const std::string footer = app.get_footer();
    if (!footer.empty()) out += "\n" + footer;
    return out;
}

}  // namespace threadfault::cli
