// Reports of a target: whole lines, written without stdio and malloc, whose locks a dead thread may
// hold.
#ifndef THREADFAULT_TESTS_TARGETS_SAY_HPP
#define THREADFAULT_TESTS_TARGETS_SAY_HPP

#include <unistd.h>

#include <cstdarg>
#include <cstdio>

namespace target {

// Writes one line to the standard output.
__attribute__((format(printf, 1, 2))) inline void say(const char* format, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    if (length > static_cast<int>(sizeof line) - 2) length = sizeof line - 2;
    line[length] = '\n';
    if (write(STDOUT_FILENO, line, static_cast<std::size_t>(length) + 1) < 0) _exit(1);
}

}  // namespace target

#endif  // THREADFAULT_TESTS_TARGETS_SAY_HPP
