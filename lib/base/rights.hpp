// What helps where the kernel or an agent says no.
#ifndef THREADFAULT_BASE_RIGHTS_HPP
#define THREADFAULT_BASE_RIGHTS_HPP

#include <string_view>

namespace threadfault::base {

// To whoever is not root: to be it, or the process's own user. Root is told what it lacks.
std::string_view advice_on_rights(bool is_root) noexcept;
std::string_view advice_on_rights() noexcept;

}  // namespace threadfault::base

#endif  // THREADFAULT_BASE_RIGHTS_HPP
