// Colours, only for terminals.
#ifndef THREADFAULT_CLI_RENDER_STYLE_HPP
#define THREADFAULT_CLI_RENDER_STYLE_HPP

#include <string>
#include <string_view>

namespace threadfault::cli {

struct Style {
    bool color = false;
    bool unicode = false;

    std::string bold(std::string_view text) const { return wrap("1", text); }
    std::string dim(std::string_view text) const { return wrap("2", text); }
    std::string red(std::string_view text) const { return wrap("31", text); }
    std::string green(std::string_view text) const { return wrap("32", text); }
    std::string yellow(std::string_view text) const { return wrap("33", text); }
    std::string cyan(std::string_view text) const { return wrap("36", text); }

private:
    std::string wrap(std::string_view code, std::string_view text) const;
};

// `mode`: auto, always or never. auto: on a terminal, unless NO_COLOR is set and not empty
// (no-color.org) or TERM is "dumb".
Style style_for(std::string_view mode, int descriptor);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_STYLE_HPP
