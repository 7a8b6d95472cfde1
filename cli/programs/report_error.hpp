// How the programs that don't link the command's own output tell an error: as it does
// (render/error.hpp).
#ifndef THREADFAULT_CLI_PROGRAMS_REPORT_ERROR_HPP
#define THREADFAULT_CLI_PROGRAMS_REPORT_ERROR_HPP

#include "base/clean_text.hpp"
#include "base/json_schema.hpp"
#include "format/format.hpp"
#include "render/error_table.hpp"
#include "threadfault/error.hpp"

#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>

namespace threadfault::cli {

// A line on standard error.
inline void report_error(const Error& error, bool json, bool color) {
    using Json = nlohmann::ordered_json;
    const std::string message = base::clean_message(error.what());
    const std::string advice = base::clean_message(hint(error));
    std::string text;
    if (json) {
        text = Json{{"schema", base::kJsonSchema},
                    {"error",
                     {{"code", to_string(error.error_code())},
                      {"message", message},
                      {"hint", advice.empty() ? Json(nullptr) : Json(advice)}}}}
                   .dump(-1, ' ', false, Json::error_handler_t::replace);
    } else {
        const char* const name = color ? "\x1b[31mthreadfault:\x1b[0m" : "threadfault:";
        text = formatted("{} {}", name, message);
        if (!advice.empty()) text += formatted(" ({})", advice);
    }
    std::fprintf(stderr, "%s\n", text.c_str());
}

// What `work` returns; of what it throws, a line on standard error and the exit status. The options
// are looked at when it has thrown: it may have read them.
template <typename Options, typename Work>
int reporting_errors(const Options& options, Work work) {
    try {
        return work();
    } catch (const Error& error) {
        report_error(error, options.json, options.color);
        return exit_status(error);
    } catch (const std::exception& error) {
        const Error unforeseen(ErrorCode::internal, error.what());
        report_error(unforeseen, options.json, options.color);
        return exit_status(unforeseen);
    }
}

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_PROGRAMS_REPORT_ERROR_HPP
