// The answer to a list request.
#ifndef THREADFAULT_PRELOAD_LIST_HPP
#define THREADFAULT_PRELOAD_LIST_HPP

#include "wire/wire.hpp"

#include <cstddef>
#include <cstdint>

namespace threadfault::shim {

// Writes a ListReply and its records to `out` (aligned for both); returns the message's size.
std::size_t fill_list(const wire::ListRequest& request, std::uint32_t number, char* out,
                      std::size_t size) noexcept;

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_LIST_HPP
