// How a user names threads: a tid, `main`, or terms KEY=VALUE joined by commas (which mean "and").
#ifndef THREADFAULT_DRIVE_THREADS_SELECTOR_HPP
#define THREADFAULT_DRIVE_THREADS_SELECTOR_HPP

#include "observe/wait_object.hpp"

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::drive {

struct ThreadView;

struct Term {
    enum class Key { tid, main, name, start, path, nth, state, waiting, in, holding };
    Key key{};
    std::string text{};  // GLOB of name, start, in and holding; the path
    long number = 0;     // tid, nth
    char state = 0;
    WaitKind wait{};

    bool matches(const ThreadView& thread) const;
};

struct Selector {
    std::string text;  // as the user wrote it
    std::vector<Term> terms;

    bool matches(const ThreadView& thread) const;
    bool has(Term::Key key) const noexcept;
    // The text of the first term of that kind, or "".
    std::string_view value(Term::Key key) const noexcept;
    // Does it name the main thread as such (main, path=main, nth=0, the process's own id), rather
    // than by a property that other threads may share?
    bool names_main(pid_t pid) const noexcept;
};

// Throws Error{usage} that says what is wrong and what to write instead.
Selector parse_selector(std::string_view text);

// Splits at commas that are not inside () or <>.
std::vector<std::string_view> split_terms(std::string_view text);

// The keys of terms, and the values that a key is limited to (none: it takes any), with a word
// about each: for completion, which shall know what the parser knows.
std::span<const std::string_view> selector_keys() noexcept;
struct TermValue {
    std::string_view value;
    std::string_view about;
};
std::vector<TermValue> selector_values(std::string_view key);

}  // namespace threadfault::drive

#endif  // THREADFAULT_DRIVE_THREADS_SELECTOR_HPP
