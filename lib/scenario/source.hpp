// The text of a scenario file, and where things stand in it.
#ifndef THREADFAULT_SCENARIO_SOURCE_HPP
#define THREADFAULT_SCENARIO_SOURCE_HPP

#include "scenario/model.hpp"

#include <toml++/toml.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::scenario {

// Not thread-safe: where the last question was about is kept, because the next one is mostly about
// what follows.
class Source {
public:
    Source(std::string file, std::string_view text);

    const std::string& file() const noexcept { return file_; }
    const std::string& text() const noexcept { return text_; }
    Place place(const toml::source_region& region) const;
    // What stands there, in one line; of what is very long, the beginning and the end.
    std::string excerpt(const toml::source_region& region) const;

    // Throws for what the parser could not read without using up the stack or the memory: arrays
    // and tables in each other, keys of many parts, a file that is too large.
    void require_readable() const;

    // A mistake, with its place in the text already; for the end of the reading.
    void note(const Place& place, std::string text) const;
    // In the order of the lines.
    std::vector<std::string> mistakes() const;
    bool has_mistakes() const noexcept { return !notes_.empty(); }

private:
    struct Note {
        unsigned line = 0;
        unsigned column = 0;
        std::string text;
    };
    std::size_t offset_of(const toml::source_position& position) const;

    std::string file_;
    std::string text_;
    std::vector<std::size_t> lines_;  // where each begins
    struct Cursor {
        std::size_t line = 1;
        std::size_t column = 1;
        std::size_t offset = 0;
    };
    mutable Cursor last_;
    mutable std::vector<Note> notes_;
};

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_SOURCE_HPP
