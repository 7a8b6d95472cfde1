// The one door to {fmt}: texts made from a pattern that is checked at compile time.
#ifndef THREADFAULT_FORMAT_FORMAT_HPP
#define THREADFAULT_FORMAT_FORMAT_HPP

#include <fmt/core.h>

#include <string>
#include <string_view>

namespace threadfault {

// What fmt::vformat does, instantiated in one file. Throws std::bad_alloc.
std::string format_arguments(fmt::string_view pattern, fmt::format_args arguments);

// formatted("{} of {} threads", n, all). Throws std::bad_alloc.
template <class... Arguments>
std::string formatted(fmt::format_string<Arguments...> pattern, Arguments&&... arguments) {
    return format_arguments(pattern, fmt::make_format_args(arguments...));
}

// "a, b, c". Elements are numbers or texts.
template <class Range>
std::string joined(const Range& range, std::string_view separator) {
    std::string text;
    bool first = true;
    for (const auto& element : range) {
        if (!first) text += separator;
        first = false;
        text += formatted("{}", element);
    }
    return text;
}

}  // namespace threadfault

#endif  // THREADFAULT_FORMAT_FORMAT_HPP
