#include "inject/calls.hpp"

#include <errno.h>
#include <threads.h>

#include <cstring>

namespace threadfault::inject {

namespace {

constexpr CallInfo kCalls[] = {
#define THREADFAULT_CALL(name, header, convention, traits, ...) \
    {#name, header, Convention::convention, traits, {__VA_ARGS__}},
#include "inject/calls.def"
#undef THREADFAULT_CALL
};
static_assert(sizeof kCalls / sizeof kCalls[0] == kCallCount);

// thrd_success is 0 and needs no place.
constexpr const char* kC11Errors[] = {"thrd_busy", "thrd_error", "thrd_nomem", "thrd_timedout"};
constexpr int kC11Numbers[] = {thrd_busy, thrd_error, thrd_nomem, thrd_timedout};

struct Alias {
    const char* name;
    int error;
};
// strerrorname_np() knows one name for each number.
constexpr Alias kAliases[] = {{"EWOULDBLOCK", EWOULDBLOCK},
                              {"EOPNOTSUPP", EOPNOTSUPP},
                              {"ENOTSUP", ENOTSUP},
                              {"EDEADLOCK", EDEADLOCK}};

constexpr int kMostErrno = 133;

bool is_word(const char* word, const char* text, std::size_t length) noexcept {
    // Not strncmp: there may be a NUL in the text.
    return std::strlen(word) == length && std::memcmp(word, text, length) == 0;
}

}  // namespace

const CallInfo& info(Call call) noexcept {
    return kCalls[static_cast<std::size_t>(call)];
}

bool find_call(const char* name, std::size_t length, Call* call) noexcept {
    for (std::size_t i = 0; i < kCallCount; ++i) {
        if (!is_word(kCalls[i].name, name, length)) continue;
        *call = static_cast<Call>(i);
        return true;
    }
    return false;
}

const char* error_name(Convention convention, int error) noexcept {
    if (convention != Convention::c11) return ::strerrorname_np(error);
    for (std::size_t i = 0; i < sizeof kC11Numbers / sizeof kC11Numbers[0]; ++i) {
        if (kC11Numbers[i] == error) return kC11Errors[i];
    }
    return nullptr;
}

int find_error(Convention convention, const char* name, std::size_t length) noexcept {
    if (convention == Convention::c11) {
        for (std::size_t i = 0; i < sizeof kC11Numbers / sizeof kC11Numbers[0]; ++i) {
            if (is_word(kC11Errors[i], name, length)) return kC11Numbers[i];
        }
        return 0;
    }
    for (const Alias& alias : kAliases) {
        if (is_word(alias.name, name, length)) return alias.error;
    }
    for (int error = 1; error <= kMostErrno; ++error) {
        const char* const known = ::strerrorname_np(error);
        if (known != nullptr && is_word(known, name, length)) return error;
    }
    return 0;
}

}  // namespace threadfault::inject
