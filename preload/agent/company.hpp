// Whom the helper lives for: the program's threads other than its main thread. However the last of
// them ends (a raw exit notifies no one), the helper must not keep the process alive, and while
// only the main thread is left there is none (programs count their threads before they fork).
#ifndef THREADFAULT_PRELOAD_COMPANY_HPP
#define THREADFAULT_PRELOAD_COMPANY_HPP

#include "execute/syscalls.hpp"

#include <sys/types.h>

#include <cstdint>

namespace threadfault::shim {

// Used by the helper thread only. Raw system calls only.
class Company {
public:
    enum class Left : std::uint8_t {
        somebody,  // or it can't be told (no /proc): the registry's count decides
        main_alone,
        nobody,  // main, too, has ended: the helper is all that is left of the process
    };

    void begin(std::int64_t now) noexcept;

    // Becomes readable when the thread that was last seen has ended; -1: none is watched.
    int descriptor() const noexcept { return sentinel_; }
    // It has: others are looked for a little later, because programs that make and join threads all
    // the time would have us look all the time.
    void sentinel_ended(std::int64_t now) noexcept;

    // Few files may be open: none is kept from now on, and the thread is looked for each second.
    void do_without_descriptor(std::int64_t now) noexcept;

    // When to look (CLOCK_MONOTONIC, nanoseconds).
    std::int64_t next_look() const noexcept { return next_look_; }
    // Looks at /proc/self/task, and watches one of those that are there.
    Left look(std::int64_t now) noexcept;
    void look_again_at(std::int64_t when) noexcept { next_look_ = when; }

    void end() noexcept;

private:
    void watch(pid_t tid, std::int64_t now) noexcept;
    void let_sentinel_go() noexcept;

    int sentinel_ = -1;
    bool may_open_ = true;
    std::int64_t next_look_ = execute::kNever;
};

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_COMPANY_HPP
