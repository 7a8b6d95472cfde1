// One line on stdout, written at once with write(2), so that lines of processes and threads keep
// their order and nothing is buffered across fork and exec.
#ifndef THREADFAULT_CONFORMANCE_SAY_HPP
#define THREADFAULT_CONFORMANCE_SAY_HPP

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

__attribute__((format(printf, 1, 2))) inline void say(const char* format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length > static_cast<int>(sizeof line) - 2) length = sizeof line - 2;
    line[length++] = '\n';
    if (write(1, line, static_cast<size_t>(length)) != length) _exit(99);
}

#endif  // THREADFAULT_CONFORMANCE_SAY_HPP
