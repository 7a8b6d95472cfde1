// Reading TOML tables so that every mistake is told with its place, what was expected, and what was
// probably meant.
#ifndef THREADFAULT_SCENARIO_READER_HPP
#define THREADFAULT_SCENARIO_READER_HPP

#include "scenario/model.hpp"
#include "scenario/source.hpp"

#include <toml++/toml.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::scenario {

// Error{usage}, code "bad_scenario": "FILE:LINE:COL: MESSAGE".
[[noreturn]] void fail(const Place& place, const std::string& message);

// Does `read`, and notes the mistake that it ends with, if it does: the rest of the file may have
// more. False: there was one.
bool attempt(const Source& source, const std::function<void()>& read);

// Does what `check` does; an Error of it is told again with the place before it and the hint
// behind it.
void located(const Place& place, const std::function<void()>& check);

// `text` is not among `candidates`: "; did you mean "near"?", or "; one of a, b, c".
std::string suggestion(std::string_view text, const std::vector<std::string>& candidates);

// One table with a fixed set of keys. Getters return nothing for a key that is missing and throw
// for a value of the wrong type.
class Reader {
public:
    using Keys = std::vector<std::string_view>;

    // `what` names the table in messages: [target], probe "ping", step "kill". Throws for keys
    // that are not among `known`, all of them noted; or goes on, where `tolerant`.
    Reader(const Source& source, const toml::table& table, std::string what, const Keys& known,
           bool tolerant = false);
    // It has such keys: what it lacks may be what they should have been.
    bool strange() const noexcept { return strange_; }

    bool has(std::string_view key) const { return table_.contains(key); }
    Place place() const { return source_.place(table_.source()); }
    // Of the value.
    Place place(std::string_view key) const;
    const Source& source() const { return source_; }
    const std::string& what() const { return what_; }

    std::optional<bool> boolean(std::string_view key) const;
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t least,
                                        std::int64_t most) const;
    std::optional<std::string> string(std::string_view key) const;
    std::string required_string(std::string_view key) const;
    std::optional<Duration> duration(std::string_view key) const;
    // One or several.
    std::optional<std::vector<std::string>> strings(std::string_view key) const;
    const toml::array* array(std::string_view key, std::string_view expected) const;
    const toml::table* table(std::string_view key, std::string_view expected) const;
    const toml::node* node(std::string_view key) const { return table_.get(key); }
    // Of a table in it, too: "ready.output".
    toml::node_view<const toml::node> at(std::string_view path) const {
        return table_.at_path(path);
    }

    // With the check of what it stands for, placeholders filled in.
    std::optional<std::string> regex(std::string_view key) const;
    std::optional<std::string> selector(std::string_view key) const;

    // The one key that is present of several mutually exclusive ones; required.
    std::string one_of(const Keys& keys) const;

    // "KEY" in WHAT must be EXPECTED, not FOUND.
    [[noreturn]] void wrong_type(std::string_view key, std::string_view expected) const;
    // "KEY" in WHAT: MESSAGE
    [[noreturn]] void wrong(std::string_view key, const std::string& message) const;
    [[noreturn]] void missing(std::string_view key) const;

private:
    const Source& source_;
    const toml::table& table_;
    std::string what_;
    bool strange_ = false;
};

// "a string", "an array": for messages.
std::string_view type_name(const toml::node& node);

// Throw at `place` when `text` is none, filled with sample_placeholders().
void check_regex(const Place& place, const std::string& text);
void check_selector(const Place& place, const std::string& text);

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_READER_HPP
