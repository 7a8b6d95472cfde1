#include "render/error.hpp"

#include "base/clean_text.hpp"
#include "render/error_table.hpp"
#include "render/json.hpp"
#include "render/text.hpp"

#include <unistd.h>

namespace threadfault::cli {

void report_error(const Error& error, bool json, const Style& style) {
    if (json) {
        write_all(STDERR_FILENO, json_error(error));
        return;
    }
    std::string line = style.red("threadfault:") + " " + base::clean_message(error.what());
    const std::string what_to_do = hint(error);
    if (!what_to_do.empty()) line += style.dim(" (" + base::clean_message(what_to_do) + ")");
    line += '\n';
    write_all(STDERR_FILENO, line);
}

}  // namespace threadfault::cli
