#include "render/help.hpp"

#include "cli11.hpp"
#include "format/format.hpp"
#include "render/text.hpp"

#include <algorithm>

namespace threadfault::cli {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kWidth = 80;

// `text` broken at blanks and commas into lines of at most `width` columns. A word that is longer
// has a line of its own.
std::vector<std::string> broken(std::string_view text, std::size_t width) {
    std::vector<std::string> lines(1);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(" ,"), text.size() - 1) + 1;
        const std::string_view word = text.substr(0, end);
        const std::size_t columns = display_width(word) - (word.ends_with(' ') ? 1 : 0);
        if (!lines.back().empty() && display_width(lines.back()) + columns > width) {
            lines.emplace_back();
        }
        lines.back() += word;
        text.remove_prefix(end);
    }
    for (std::string& line : lines) {
        if (line.ends_with(' ')) line.pop_back();
    }
    return lines;
}

std::string entries(const std::vector<std::pair<std::string, std::string>>& list,
                    const Style& style) {
    std::size_t width = 0;
    for (const auto& [term, text] : list)
        width = std::max(width, display_width(term));
    std::string out;
    for (const auto& [term, text] : list) {
        out += std::string(kIndent, ' ') + style.cyan(term);
        out += std::string(width - display_width(term) + 2, ' ');
        const std::size_t begin = kIndent + width + 2;
        out += joined(broken(text, kWidth - begin), "\n" + std::string(begin, ' ')) + "\n";
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
    out += "Injects faults into single threads of a running program, and inspects them.\n\n";
    out += style.bold("Commands:") + "\n" + entries(list, style) + "\n";
    out += style.bold("Options, before or after the command:") + "\n";
    out += entries({{"    --json", "one JSON object on stdout, errors as JSON on stderr"},
                    {"    --color WHEN", "auto, always or never; NO_COLOR is honoured"},
                    {"    --shim PATH", "the shim to use, instead of the one beside this program"},
                    {"-V, --version", "print the version"},
                    {"-h, --help", "this help; `threadfault help COMMAND` has details"}},
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
        std::string name = option->get_name();
        if (option->get_items_expected_max() > 1) name += "...";
        usage += option->get_required() ? " " + name : " [" + name + "]";
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
