#include "preload/agent/program_signals.hpp"

#include "execute/syscalls.hpp"
#include "preload/base/status_file.hpp"

namespace threadfault::shim {

namespace {

Mask hexadecimal(const char* digits) noexcept {
    Mask mask = 0;
    for (; *digits != '\0'; ++digits) {
        const char digit = *digits;
        const int value = digit >= '0' && digit <= '9'   ? digit - '0'
                          : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                                                         : -1;
        if (value < 0) break;
        mask = mask << 4 | static_cast<Mask>(value);
    }
    return mask;
}

}  // namespace

Mask signals_for_the_program() noexcept {
    Mask waiting = 0;
    execute::sys_call(SYS_rt_sigpending, &waiting, sizeof waiting);
    waiting &= reserved_mask();
    if (waiting == 0) return 0;
    // The call does not tell the helper's own from the process's.
    Mask shared = 0;
    for_each_status_line(kOwnStatus, [&shared](const char* line) {
        const char* const digits = value_of(line, "ShdPnd:\t");
        if (digits != nullptr) shared = hexadecimal(digits);
        return digits == nullptr;
    });
    return waiting & shared;
}

std::int64_t Reticence::again(Mask theirs, std::int64_t now) noexcept {
    constexpr std::int64_t kFirst = 1'000'000;
    constexpr std::int64_t kLongest = 512 * kFirst;
    if (theirs == 0) {
        pause_ = 0;
        return execute::kNever;
    }
    pause_ = pause_ == 0 ? kFirst : pause_ < kLongest ? pause_ * 2 : kLongest;
    return now + pause_;
}

}  // namespace threadfault::shim
