#include "scenario/reader.hpp"

#include "base/duration.hpp"
#include "base/suggest.hpp"
#include "drive/threads/selector.hpp"
#include "format/format.hpp"
#include "regex/regex.hpp"
#include "scenario/placeholders.hpp"
#include "threadfault/error.hpp"

#include <algorithm>

namespace threadfault::scenario {
namespace {

class Mistake : public Error {
public:
    Mistake(const Place& place, const std::string& message)
        : Error(ErrorCode::bad_scenario, formatted("{}: {}", place.text(), message)),
          place_(place) {}
    const Place& place() const noexcept { return place_; }

private:
    Place place_;
};

// All that there was to say is noted.
class Noted : public Error {
public:
    Noted() : Error(ErrorCode::bad_scenario, "noted") {}
};

}  // namespace

void fail(const Place& place, const std::string& message) {
    throw Mistake(place, message);
}

bool attempt(const Source& source, const std::function<void()>& read) {
    try {
        read();
        return true;
    } catch (const Noted&) {
        return false;
    } catch (const Mistake& mistake) {
        source.note(mistake.place(), mistake.what());
        return false;
    }
}

void located(const Place& place, const std::function<void()>& check) {
    try {
        check();
    } catch (const Error& error) {
        if (error.code() == ErrorCode::bad_scenario) throw;
        fail(place, error.advice().empty() ? std::string(error.what())
                                           : formatted("{}; {}", error.what(), error.advice()));
    }
}

std::string suggestion(std::string_view text, const std::vector<std::string>& candidates) {
    const std::string near = base::nearest(text, candidates);
    if (!near.empty()) return formatted("; did you mean \"{}\"?", near);
    return candidates.empty() ? "" : formatted("; one of {}", joined(candidates, ", "));
}

std::string_view type_name(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "an array";
        case toml::node_type::string:
            return "a string";
        case toml::node_type::integer:
            return "an integer";
        case toml::node_type::floating_point:
            return "a floating-point number";
        case toml::node_type::boolean:
            return "a boolean";
        default:
            return "a date or time";
    }
}

void check_regex(const Place& place, const std::string& text) {
    located(place, [&] { const Regex regex(sample_placeholders().fill(text)); });
}

void check_selector(const Place& place, const std::string& text) {
    located(place, [&] { drive::parse_selector(sample_placeholders().fill(text)); });
}

Reader::Reader(const Source& source, const toml::table& table, std::string what, const Keys& known,
               bool tolerant)
    : source_(source), table_(table), what_(std::move(what)) {
    for (const auto& [key, value] : table) {
        if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
        strange_ = true;
        const Place place = source.place(key.source());
        source.note(place, formatted("{}: unknown key \"{}\" in {}{}", place.text(), key.str(),
                                     what_, suggestion(key.str(), {known.begin(), known.end()})));
    }
    if (strange_ && !tolerant) throw Noted();
}

Place Reader::place(std::string_view key) const {
    const toml::node* const value = table_.get(key);
    return source_.place(value != nullptr ? value->source() : table_.source());
}

void Reader::wrong_type(std::string_view key, std::string_view expected) const {
    fail(place(key), formatted("\"{}\" in {} must be {}, not {}", key, what_, expected,
                               type_name(*table_.get(key))));
}

void Reader::wrong(std::string_view key, const std::string& message) const {
    fail(place(key), formatted("\"{}\" in {}: {}", key, what_, message));
}

void Reader::missing(std::string_view key) const {
    if (strange_) throw Noted();
    fail(place(), formatted("{} lacks \"{}\"", what_, key));
}

std::optional<bool> Reader::boolean(std::string_view key) const {
    const toml::node* const value = table_.get(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_boolean()) wrong_type(key, "true or false");
    return value->as_boolean()->get();
}

std::optional<std::int64_t> Reader::integer(std::string_view key, std::int64_t least,
                                            std::int64_t most) const {
    const toml::node* const value = table_.get(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_integer()) wrong_type(key, "an integer");
    const std::int64_t number = value->as_integer()->get();
    if (number < least || number > most)
        wrong(key, formatted("{} is not between {} and {}", number, least, most));
    return number;
}

std::optional<std::string> Reader::string(std::string_view key) const {
    const toml::node* const value = table_.get(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) wrong_type(key, "a string");
    const std::string text = value->as_string()->get();
    if (text.find('\0') != std::string::npos) wrong(key, "contains a NUL byte");
    return text;
}

std::string Reader::required_string(std::string_view key) const {
    std::optional<std::string> text = string(key);
    if (!text) missing(key);
    if (text->empty()) wrong(key, "must not be empty");
    return *text;
}

std::optional<Duration> Reader::duration(std::string_view key) const {
    const toml::node* const value = table_.get(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) wrong_type(key, "a duration like \"250ms\", \"2s\" or \"1m\"");
    const std::string text = value->as_string()->get();
    const std::optional<Duration> time = base::parse_duration(text);
    if (!time)
        wrong(key, formatted("\"{}\" is not a duration; write one like 250ms, 2s, 1m", text));
    return time;
}

std::optional<std::vector<std::string>> Reader::strings(std::string_view key) const {
    const toml::node* const value = table_.get(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) return std::vector<std::string>{*string(key)};
    if (!value->is_array()) wrong_type(key, "a string or an array of strings");
    std::vector<std::string> texts;
    for (const toml::node& element : *value->as_array()) {
        if (!element.is_string()) {
            fail(source_.place(element.source()),
                 formatted("\"{}\" in {} must hold strings, not {}", key, what_,
                           type_name(element)));
        }
        texts.push_back(element.as_string()->get());
        if (texts.back().find('\0') != std::string::npos) wrong(key, "contains a NUL byte");
    }
    return texts;
}

const toml::array* Reader::array(std::string_view key, std::string_view expected) const {
    const toml::node* const value = table_.get(key);
    if (value == nullptr) return nullptr;
    if (!value->is_array()) wrong_type(key, expected);
    return value->as_array();
}

const toml::table* Reader::table(std::string_view key, std::string_view expected) const {
    const toml::node* const value = table_.get(key);
    if (value == nullptr) return nullptr;
    if (!value->is_table()) wrong_type(key, expected);
    return value->as_table();
}

std::optional<std::string> Reader::regex(std::string_view key) const {
    std::optional<std::string> text = string(key);
    if (text) check_regex(place(key), *text);
    return text;
}

std::optional<std::string> Reader::selector(std::string_view key) const {
    std::optional<std::string> text = string(key);
    if (text) check_selector(place(key), *text);
    return text;
}

std::string Reader::one_of(const Keys& keys) const {
    std::string_view found;
    for (const std::string_view key : keys) {
        if (!has(key)) continue;
        if (!found.empty()) {
            fail(place(key), formatted("{} has both \"{}\" and \"{}\"; use one of {}", what_, found,
                                       key, joined(keys, ", ")));
        }
        found = key;
    }
    if (found.empty()) fail(place(), formatted("{} lacks one of {}", what_, joined(keys, ", ")));
    return std::string(found);
}

}  // namespace threadfault::scenario
