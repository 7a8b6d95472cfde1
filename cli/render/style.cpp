#include "render/style.hpp"

#include <unistd.h>

#include <cstdlib>

namespace threadfault::cli {
namespace {

std::string_view variable(const char* name) {
    const char* value = getenv(name);
    return value != nullptr ? value : "";
}

// setlocale() in a static program would look for locale archives: the names tell enough.
bool locale_is_utf8() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const std::string_view value = variable(name);
        if (value.empty()) continue;
        return value.find("UTF-8") != std::string_view::npos ||
               value.find("utf8") != std::string_view::npos ||
               value.find("UTF8") != std::string_view::npos;
    }
    return false;
}

}  // namespace

std::string Style::wrap(std::string_view code, std::string_view text) const {
    if (!color || text.empty()) return std::string(text);
    std::string wrapped = "\033[";
    wrapped += code;
    wrapped += 'm';
    wrapped += text;
    wrapped += "\033[0m";
    return wrapped;
}

Style style_for(std::string_view mode, int descriptor) {
    Style style;
    style.unicode = locale_is_utf8();
    if (mode == "always") {
        style.color = true;
    } else if (mode != "never") {
        style.color =
            variable("NO_COLOR").empty() && variable("TERM") != "dumb" && isatty(descriptor) == 1;
    }
    return style;
}

}  // namespace threadfault::cli
