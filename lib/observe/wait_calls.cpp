#include "observe/wait_calls.hpp"

#include <algorithm>
#include <array>

namespace threadfault::observe {
namespace {

constexpr std::array kCalls = {
    WaitCall{"call_once", CallKind::once},
    WaitCall{"cnd_timedwait", CallKind::cond},
    WaitCall{"cnd_wait", CallKind::cond},
    WaitCall{"mtx_lock", CallKind::mutex},
    WaitCall{"mtx_timedlock", CallKind::mutex},
    WaitCall{"pthread_barrier_wait", CallKind::barrier},
    WaitCall{"pthread_clockjoin_np", CallKind::join},
    WaitCall{"pthread_cond_broadcast", CallKind::cond},
    WaitCall{"pthread_cond_clockwait", CallKind::cond},
    WaitCall{"pthread_cond_destroy", CallKind::cond},
    WaitCall{"pthread_cond_signal", CallKind::cond},
    WaitCall{"pthread_cond_timedwait", CallKind::cond},
    WaitCall{"pthread_cond_wait", CallKind::cond},
    WaitCall{"pthread_join", CallKind::join},
    WaitCall{"pthread_mutex_clocklock", CallKind::mutex},
    WaitCall{"pthread_mutex_lock", CallKind::mutex},
    WaitCall{"pthread_mutex_timedlock", CallKind::mutex},
    WaitCall{"pthread_once", CallKind::once},
    WaitCall{"pthread_rwlock_clockrdlock", CallKind::rwlock},
    WaitCall{"pthread_rwlock_clockwrlock", CallKind::rwlock},
    WaitCall{"pthread_rwlock_rdlock", CallKind::rwlock},
    WaitCall{"pthread_rwlock_timedrdlock", CallKind::rwlock},
    WaitCall{"pthread_rwlock_timedwrlock", CallKind::rwlock},
    WaitCall{"pthread_rwlock_wrlock", CallKind::rwlock},
    WaitCall{"pthread_timedjoin_np", CallKind::join},
    WaitCall{"sem_clockwait", CallKind::sem},
    WaitCall{"sem_timedwait", CallKind::sem},
    WaitCall{"sem_wait", CallKind::sem},
    WaitCall{"thrd_join", CallKind::join},
};

// What the headers' and the runtimes' own functions belong to; the first that fits.
struct Family {
    std::string_view part;
    std::string_view text;
};
constexpr Family kFamilies[] = {
    {"std::latch", "std::latch wait"},
    {"std::barrier", "std::barrier wait"},
    {"std::__tree_barrier", "std::barrier wait"},
    {"std::counting_semaphore", "std::counting_semaphore acquire"},
    {"std::__atomic_semaphore", "std::counting_semaphore acquire"},
    {"std::__future_base", "std::future wait"},
    {"std::__basic_future", "std::future wait"},
    {"std::__atomic_futex_unsigned", "std::future wait"},
    {"std::future", "std::future wait"},
    {"std::shared_future", "std::future wait"},
    {"std::atomic_wait", "std::atomic wait"},
    {"std::__atomic_wait", "std::atomic wait"},
    {"std::__atomic_base", "std::atomic wait"},
    {"std::atomic", "std::atomic wait"},
    {"std::__detail::__platform_wait", "std::atomic wait"},
    {"std::__detail::__wait_impl", "std::atomic wait"},        // libstdc++.so's, of g++ 16
    {"std::__detail::__wait_until_impl", "std::atomic wait"},  // the same
};

// Where a thread begins, or a function is called by the library: what is above is not the wait's.
bool is_border(std::string_view name) {
    for (const std::string_view part :
         {"std::thread::_", "std::__invoke", "std::_Function_handler", "std::invoke",
          "std::sys::backtrace", "std::sys_common::backtrace", "std::rt::", "std::panic",
          "std::thread::Builder", "core::ops::function", "{{closure}}", "std::__future_base::_Task",
          "std::__future_base::_Async"}) {
        if (name.find(part) != std::string_view::npos) return true;
    }
    return false;
}

bool is_library(std::string_view name) {
    if (name.starts_with('<')) name.remove_prefix(1);
    return name.starts_with("std::") || name.starts_with("core::") || name.starts_with("alloc::") ||
           name.starts_with("parking_lot");
}

// Rust's legacy names end in a hash.
std::string_view without_hash(std::string_view name) {
    constexpr std::size_t kHash = 19;  // "::h" and 16 digits
    if (name.size() > kHash && name.substr(name.size() - kHash, 3) == "::h") {
        name.remove_suffix(kHash);
    }
    return name;
}

// "void std::f" -> "std::f": function templates are named with their result.
std::string_view without_result(std::string_view name) {
    if (is_library(name)) return name;
    const std::size_t at = name.find(" std::");
    const std::size_t arguments = name.find('<');
    if (at == std::string_view::npos || arguments < at) return name;
    return name.substr(at + 1);
}

}  // namespace

std::span<const WaitCall> wait_calls() noexcept {
    return kCalls;
}

const WaitCall* find_wait_call(std::string_view name) {
    for (const std::string_view prefix : {"__interceptor_", "___interceptor_", "__GI_"}) {
        if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    }
    name.remove_prefix(std::min(name.find_first_not_of('_'), name.size()));
    if (name.starts_with("new_sem")) name.remove_prefix(4);
    const auto found = std::lower_bound(
        kCalls.begin(), kCalls.end(), name,
        [](const WaitCall& call, std::string_view key) { return call.name < key; });
    return found != kCalls.end() && found->name == name ? &*found : nullptr;
}

bool is_common_to_cancellation_points(std::string_view name) {
    return name.starts_with("__syscall_cancel") || name.starts_with("__internal_syscall_cancel");
}

std::string name_of_foreign_wait(const std::vector<std::string>& frames) {
    std::string_view outermost;
    for (const std::string& frame : frames) {
        const std::string_view name = without_result(frame);
        if (name == "syscall" || name.empty()) continue;
        if (!is_library(name) || is_border(name)) {
            // A library's exported function, which is not part of a class of the standard library.
            if (outermost.empty() && !is_border(name)) outermost = name;
            break;
        }
        outermost = name;
    }
    for (const Family& family : kFamilies) {
        if (outermost.find(family.part) != std::string_view::npos) return std::string(family.text);
    }
    return std::string(without_hash(outermost));
}

}  // namespace threadfault::observe
