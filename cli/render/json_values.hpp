// What the renderers of JSON share. Only they include it: the rest of the command knows no JSON
// library.
#ifndef THREADFAULT_CLI_RENDER_JSON_VALUES_HPP
#define THREADFAULT_CLI_RENDER_JSON_VALUES_HPP

#include "base/json_schema.hpp"
#include "drive/threads/thread_view.hpp"
#include "format/format.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

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

inline Json address_or_null(std::uint64_t address) {
    return address == 0 ? Json(nullptr) : Json(formatted("{:#x}", address));
}

// "holding" of a thread, in every command that shows threads.
inline Json held_locks(const std::vector<drive::HeldLock>& locks) {
    Json list = Json::array();
    for (const drive::HeldLock& lock : locks) {
        list.push_back({{"kind", to_string(lock.kind)},
                        {"address", address_or_null(lock.address)},
                        {"symbol", text_or_null(lock.symbol)},
                        {"waiters", lock.waiters}});
    }
    return list;
}

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_JSON_VALUES_HPP
