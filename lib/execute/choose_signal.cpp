// Which real-time signal carries the requests.
#include "execute/core.hpp"
#include "execute/syscalls.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstring>

namespace threadfault::execute {

namespace {

// Both ends are left alone: SIGRTMIN and the next ones are what programs number theirs from (.NET
// takes SIGRTMIN itself), and the JVM takes 62, late.
constexpr int kBelow = 8;
constexpr int kAbove = 4;

bool is_default(int signal_number) noexcept {
    KernelSigaction now{};
    return sys_query_sigaction(signal_number, &now) == 0 &&
           now.handler == reinterpret_cast<void*>(SIG_DFL);
}

// getenv() without libc: the environment may be read before libc is ready for calls.
const char* environment(const char* name) noexcept {
    if (environ == nullptr) return nullptr;
    const std::size_t length = std::strlen(name);
    for (char** entry = environ; *entry != nullptr; ++entry) {
        if (std::strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') {
            return *entry + length + 1;
        }
    }
    return nullptr;
}

// One or two decimal digits to the end of `text`; -1 otherwise.
int parse_digits(const char* text) noexcept {
    int number = 0;
    int digits = 0;
    for (; *text != '\0'; ++text, ++digits) {
        if (*text < '0' || *text > '9' || digits == 2) return -1;
        number = number * 10 + (*text - '0');
    }
    return digits == 0 ? -1 : number;
}

}  // namespace

int parse_signal(const char* text) noexcept {
    if (std::strncmp(text, "SIG", 3) == 0) text += 3;
    int base = 0;
    int sign = 1;
    if (std::strncmp(text, "RTMIN", 5) == 0 || std::strncmp(text, "RTMAX", 5) == 0) {
        base = text[4] == 'N' ? SIGRTMIN : SIGRTMAX;
        text += 5;
        if (*text == '\0') return base;
        if (*text != '+' && *text != '-') return 0;
        sign = *text == '+' ? 1 : -1;
        ++text;
    }
    const int number = parse_digits(text);
    if (number < 0) return 0;
    const int signal_number = base + sign * number;
    return signal_number >= SIGRTMIN && signal_number <= SIGRTMAX ? signal_number : 0;
}

int choose_signal(int skip) noexcept {
    if (const char* const wish = environment("THREADFAULT_SIGNAL")) {
        const int wished = parse_signal(wish);
        if (wished != 0 && wished != skip && is_default(wished)) return wished;
    }
    for (int number = SIGRTMAX - kAbove; number >= SIGRTMIN + kBelow; --number) {
        if (number != skip && is_default(number)) return number;
    }
    return 0;
}

}  // namespace threadfault::execute
