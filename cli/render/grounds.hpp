// Grounds as JSON. Only renderers include it, as json_values.hpp.
#ifndef THREADFAULT_CLI_RENDER_GROUNDS_HPP
#define THREADFAULT_CLI_RENDER_GROUNDS_HPP

#include "drive/grounds/grounds.hpp"
#include "render/json_values.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace threadfault::cli {

Json json_of(const drive::GroundLock& lock);
// "grounds": with `afterwards` of what has happened.
Json json_of(const std::vector<drive::Ground>& grounds, bool afterwards = false);

// "no-safe-point" of "no-safe-point: it is in malloc": what a result's reason begins with.
std::string reason_code(std::string_view reason);

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_RENDER_GROUNDS_HPP
