// What the renderers of JSON share. Only they include it: the rest of the command knows no JSON
// library.
#ifndef THREADFAULT_CLI_RENDER_JSON_VALUES_HPP
#define THREADFAULT_CLI_RENDER_JSON_VALUES_HPP

#include "base/json_schema.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace threadfault::cli {

using Json = nlohmann::ordered_json;

// One object that a command prints. Thread names are bytes, JSON is UTF-8: what is none becomes
// U+FFFD.
inline std::string line(const Json& json) {
    Json told = {{"schema", base::kJsonSchema}};
    told.update(json);
    return told.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

inline Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_JSON_VALUES_HPP
