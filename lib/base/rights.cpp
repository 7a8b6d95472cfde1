#include "base/rights.hpp"

#include <unistd.h>

namespace threadfault::base {

std::string_view advice_on_rights(bool is_root) noexcept {
    if (is_root) {
        return "root needs CAP_SYS_PTRACE in the process's user namespace: in a container, start "
               "it "
               "with --cap-add SYS_PTRACE, or use threadfault on the host";
    }
    return "run threadfault as root, or as the user that the process belongs to";
}

std::string_view advice_on_rights() noexcept {
    return advice_on_rights(::geteuid() == 0);
}

}  // namespace threadfault::base
