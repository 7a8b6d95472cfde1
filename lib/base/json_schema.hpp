// The shape of threadfault's JSON.
#ifndef THREADFAULT_BASE_JSON_SCHEMA_HPP
#define THREADFAULT_BASE_JSON_SCHEMA_HPP

namespace threadfault::base {

// "schema" of every object that a command prints. It changes when a key goes or changes its
// meaning; a new key does not change it (docs/json.md).
inline constexpr int kJsonSchema = 1;

}  // namespace threadfault::base

#endif  // THREADFAULT_BASE_JSON_SCHEMA_HPP
