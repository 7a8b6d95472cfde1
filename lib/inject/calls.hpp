// The calls in which faults can be placed. See calls.def.
#ifndef THREADFAULT_INJECT_CALLS_HPP
#define THREADFAULT_INJECT_CALLS_HPP

#include <cstddef>
#include <cstdint>

namespace threadfault::inject {

enum class Call : std::uint8_t {
#define THREADFAULT_CALL(name, ...) name,
#include "inject/calls.def"
#undef THREADFAULT_CALL
};

inline constexpr std::size_t kCallCount = 0
#define THREADFAULT_CALL(...) +1
#include "inject/calls.def"
#undef THREADFAULT_CALL
    ;

// How a call tells that it has failed.
enum class Convention : std::uint8_t {
    number,        // returns the error's number
    error_number,  // returns -1 and sets errno
    c11,           // returns thrd_error, thrd_nomem, thrd_busy or thrd_timedout
    minus_one,     // returns -1 when a signal came; leaves errno alone
    rest,          // returns what is left to wait for when a signal came (sleep)
    none,          // can't fail
};

inline constexpr unsigned kPlain = 0;
inline constexpr unsigned kCancels = 1U << 0;     // a cancellation point
inline constexpr unsigned kSpurious = 1U << 1;    // may wake up spuriously
inline constexpr unsigned kIo = 1U << 2;          // not of <pthread.h>, <threads.h>, <semaphore.h>
inline constexpr unsigned kDescriptor = 1U << 3;  // its first argument is one

struct CallInfo {
    const char* name;
    const char* header;
    Convention convention;
    unsigned traits;
    static constexpr std::size_t kMostErrors = 23;
    int errors[kMostErrors + 1];  // those that the specification allows; the first 0 ends them

    constexpr bool allows(int error) const noexcept {
        for (const int* allowed = errors; *allowed != 0; ++allowed) {
            if (*allowed == error) return true;
        }
        return false;
    }
};

const CallInfo& info(Call call) noexcept;

// The same, where it must be known at compile time.
inline constexpr Convention kConventions[] = {
#define THREADFAULT_CALL(name, header, convention, ...) Convention::convention,
#include "inject/calls.def"
#undef THREADFAULT_CALL
};

inline constexpr unsigned kTraits[] = {
#define THREADFAULT_CALL(name, header, convention, traits, ...) traits,
#include "inject/calls.def"
#undef THREADFAULT_CALL
};

// False: unknown call.
bool find_call(const char* name, std::size_t length, Call* call) noexcept;

// "EAGAIN", or of a C11 call "thrd_busy". nullptr: no such error.
const char* error_name(Convention convention, int error) noexcept;
// 0: no such error. Aliases are known (EWOULDBLOCK).
int find_error(Convention convention, const char* name, std::size_t length) noexcept;

// The calls that a set of them names.
struct CallSet {
    std::uint64_t words[2] = {};

    constexpr bool has(Call call) const noexcept {
        return (words[static_cast<std::size_t>(call) / 64] >>
                    (static_cast<std::size_t>(call) % 64) &
                1) != 0;
    }
    constexpr void add(Call call) noexcept {
        words[static_cast<std::size_t>(call) / 64] |= std::uint64_t{1}
                                                      << static_cast<std::size_t>(call) % 64;
    }
};
static_assert(kCallCount <= 128);

// Works without the points library: the basic shim stands in front of these anyway.
constexpr bool is_basic(Call call) noexcept {
    return call == Call::pthread_create || call == Call::thrd_create || call == Call::thread_start;
}

}  // namespace threadfault::inject

#endif  // THREADFAULT_INJECT_CALLS_HPP
