// The names of the public enumerations' values, one table each, for those who need all of them;
// of one value: threadfault/types.hpp.
#ifndef THREADFAULT_BASE_TYPE_NAMES_HPP
#define THREADFAULT_BASE_TYPE_NAMES_HPP

#include "base/fault.hpp"
#include "threadfault/types.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace threadfault::base {

// Each in the order of its enumeration. How has the names of the table of faults.
inline constexpr std::string_view kPickNames[] = {"one", "all", "first", "random"};
inline constexpr std::string_view kOutcomeNames[] = {"ended", "done", "pending", "refused",
                                                     "target-died"};
inline constexpr std::string_view kProgressNames[] = {"progressing", "idle", "stuck", "unknown"};
inline constexpr std::string_view kWaitKindNames[] = {"mutex",   "rwlock", "cond", "sem",
                                                      "barrier", "join",   "futex"};
inline constexpr std::string_view kEventKindNames[] = {"created", "named", "ended", "fault"};
inline constexpr std::string_view kEndKindNames[] = {"unknown", "returned", "exited", "cancelled",
                                                     "vanished"};

// The deaths of the table, in its order, are the values of How.
constexpr Fault fault_of(How how) noexcept {
    const auto place = static_cast<std::size_t>(how);
    return place < kDeaths.size() ? kDeaths[place] : kDeaths[0];
}
static_assert(kDeaths.size() == static_cast<std::size_t>(How::vanish) + 1);
static_assert(fault_of(How::cancel) == Fault::cancel);
static_assert(fault_of(How::async_cancel) == Fault::async_cancel);
static_assert(fault_of(How::exit) == Fault::exit);
static_assert(fault_of(How::vanish) == Fault::vanish);

}  // namespace threadfault::base

#endif  // THREADFAULT_BASE_TYPE_NAMES_HPP
