// Regular expressions against what programs say, in RE2's dialect (docs/scenarios.md): no
// expression and no line makes a search outlast a deadline, or its stack.
#ifndef THREADFAULT_REGEX_REGEX_HPP
#define THREADFAULT_REGEX_REGEX_HPP

#include <memory>
#include <string>
#include <string_view>

namespace threadfault {

class Regex {
public:
    // Throws Error{bad_regex}.
    explicit Regex(std::string_view text);
    ~Regex();
    Regex(Regex&& other) noexcept;
    Regex& operator=(Regex&& other) noexcept;

    // Somewhere in the text? A text that is not valid UTF-8 is looked at byte by byte. Thread-safe.
    bool is_in(std::string_view text) const;

private:
    struct Compiled;
    std::unique_ptr<const Compiled> compiled_;
};

}  // namespace threadfault

#endif  // THREADFAULT_REGEX_REGEX_HPP
