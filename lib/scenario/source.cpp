#include "scenario/source.hpp"

#include "base/clean_text.hpp"
#include "format/format.hpp"
#include "scenario/reader.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace threadfault::scenario {
namespace {

constexpr std::size_t kMostBytes = std::size_t{16} << 20;
constexpr std::size_t kMostNested = 64;
constexpr std::size_t kMostParts = 64;  // of a key: a.b.c has three
constexpr std::size_t kMostExcerpt = 500;

// Where the string that begins at `at` ends; the text's end where it does not.
std::size_t end_of_string(std::string_view text, std::size_t at) {
    const char quote = text[at];
    const std::string three(3, quote);
    const bool many_lines = text.substr(at, 3) == three;
    std::size_t next = at + (many_lines ? 3 : 1);
    while (next < text.size()) {
        if (quote == '"' && text[next] == '\\') {
            next += 2;
        } else if (many_lines && text.substr(next, 3) == three) {
            return next + 3;
        } else if (!many_lines && (text[next] == quote || text[next] == '\n')) {
            return next + 1;
        } else {
            next++;
        }
    }
    return text.size();
}

}  // namespace

Source::Source(std::string file, std::string_view text) : file_(std::move(file)), text_(text) {
    lines_.push_back(0);
    for (std::size_t at = text_.find('\n'); at != std::string::npos; at = text_.find('\n', at + 1))
        lines_.push_back(at + 1);
}

// toml++ counts columns in code points.
std::size_t Source::offset_of(const toml::source_position& position) const {
    if (position.line == 0 || position.line > lines_.size()) return text_.size();
    Cursor cursor{position.line, 1, lines_[position.line - 1]};
    if (last_.line == cursor.line && last_.column <= position.column) cursor = last_;
    for (; cursor.column < position.column && cursor.offset < text_.size(); cursor.column++) {
        cursor.offset++;
        while (cursor.offset < text_.size() &&
               (static_cast<unsigned char>(text_[cursor.offset]) & 0xc0U) == 0x80)
            cursor.offset++;
    }
    last_ = cursor;
    return cursor.offset;
}

Place Source::place(const toml::source_region& region) const {
    return {file_, region.begin.line, region.begin.column};
}

std::string Source::excerpt(const toml::source_region& region) const {
    const std::size_t begin = offset_of(region.begin);
    const std::size_t end = std::max(begin, offset_of(region.end));
    std::string line;
    const std::string whole =
        base::cut_middle(std::string_view(text_).substr(begin, end - begin), kMostExcerpt);
    for (const char c : whole) {
        const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        if (!space) line += c;
        if (space && !line.empty() && line.back() != ' ') line += ' ';
    }
    while (line.ends_with(' '))
        line.pop_back();
    return line;
}

void Source::note(const Place& place, std::string text) const {
    notes_.push_back({place.line, place.column, std::move(text)});
}

std::vector<std::string> Source::mistakes() const {
    std::vector<Note> notes = notes_;
    std::stable_sort(notes.begin(), notes.end(), [](const Note& a, const Note& b) {
        return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    });
    std::vector<std::string> texts;
    texts.reserve(notes.size());
    for (Note& note : notes)
        texts.push_back(std::move(note.text));
    return texts;
}

void Source::require_readable() const {
    if (text_.size() > kMostBytes) {
        fail({file_, 1, 1}, formatted("the file is larger than {} MiB", kMostBytes >> 20));
    }
    std::size_t nested = 0;
    std::size_t dots = 0;  // since the beginning of a key or value
    std::size_t line = 1;
    for (std::size_t at = 0; at < text_.size();) {
        const char c = text_[at];
        if (c == '#') {
            at = std::min(text_.find('\n', at), text_.size());
            continue;
        }
        if (c == '"' || c == '\'') {
            const std::size_t end = end_of_string(text_, at);
            line +=
                static_cast<std::size_t>(std::count(text_.begin() + static_cast<long>(at),
                                                    text_.begin() + static_cast<long>(end), '\n'));
            at = end;
            continue;
        }
        const auto here = [&] {
            return Place{file_, static_cast<unsigned>(line),
                         static_cast<unsigned>(at - lines_[line - 1] + 1)};
        };
        if (c == '[' || c == '{') nested++;
        if ((c == ']' || c == '}') && nested > 0) nested--;
        if (nested > kMostNested) {
            fail(here(), formatted("more than {} arrays and tables in each other", kMostNested));
        }
        if (c == '.') dots++;
        if (std::string_view("=[]{},\n").find(c) != std::string_view::npos) dots = 0;
        if (dots >= kMostParts) fail(here(), formatted("a key of more than {} parts", kMostParts));
        if (c == '\n') line++;
        at++;
    }
}

}  // namespace threadfault::scenario
