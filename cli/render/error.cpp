#include "render/error.hpp"

#include "base/clean_text.hpp"
#include "render/json.hpp"
#include "render/text.hpp"

#include <unistd.h>

namespace threadfault::cli {

void report_error(const Error& error, bool json, const Style& style) {
    if (json) {
        write_all(STDERR_FILENO, json_error(error));
        return;
    }
    std::string line = style.red("threadfault:") + " " + base::clean_line(error.what());
    if (!error.hint().empty()) line += style.dim(" (" + base::clean_line(error.hint()) + ")");
    line += '\n';
    write_all(STDERR_FILENO, line);
}

}  // namespace threadfault::cli
