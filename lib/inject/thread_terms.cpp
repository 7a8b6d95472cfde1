#include "inject/thread_terms.hpp"

#include <cstring>

namespace threadfault::inject {

namespace {

using Word = Problem::Word;

constexpr const char* kTerms = "main, a thread id, name=, start=, path= or nth=";

// The next term. Commas inside () and <> separate nothing, if every bracket is closed.
Piece next_term(Piece* rest, bool nesting) noexcept {
    int depth = 0;
    std::size_t i = 0;
    for (; i < rest->length; ++i) {
        const char c = rest->text[i];
        if (c == '(' || c == '<') ++depth;
        if ((c == ')' || c == '>') && depth > 0) --depth;
        if (c == ',' && (!nesting || depth == 0)) break;
    }
    const Piece term{rest->text, i};
    const std::size_t used = i < rest->length ? i + 1 : i;
    *rest = {rest->text + used, rest->length - used};
    return term;
}

bool is_balanced(Piece text) noexcept {
    int depth = 0;
    for (std::size_t i = 0; i < text.length; ++i) {
        const char c = text.text[i];
        if (c == '(' || c == '<') ++depth;
        if ((c == ')' || c == '>') && depth > 0) --depth;
    }
    return depth == 0;
}

template <std::size_t kSize>
bool store(char (&into)[kSize], Piece text) noexcept {
    if (text.length == 0 || text.length >= kSize) return false;
    std::memcpy(into, text.text, text.length);
    into[text.length] = '\0';
    return true;
}

bool parse_path(Piece text, ThreadMatch* match) noexcept {
    if (text.length < 4 || std::memcmp(text.text, "main", 4) != 0) return false;
    std::size_t at = 4;
    match->depth = 0;
    while (at < text.length) {
        if (text.text[at] != '/' || match->depth == wire::kMaxPathDepth) return false;
        std::size_t end = ++at;
        while (end < text.length && text.text[end] != '/')
            ++end;
        std::uint64_t number = 0;
        if (!to_number({text.text + at, end - at}, &number) || number > UINT32_MAX) return false;
        match->path[match->depth++] = static_cast<std::uint32_t>(number);
        at = end;
    }
    match->terms |= ThreadMatch::kPath;
    return true;
}

bool take_hex(Piece* text, std::uint64_t* value) noexcept {
    if (text->length < 3 || std::memcmp(text->text, "0x", 2) != 0) return false;
    std::size_t i = 2;
    for (*value = 0; i < text->length; ++i) {
        const char c = text->text[i];
        unsigned digit = 0;
        if (c >= '0' && c <= '9') {
            digit = static_cast<unsigned>(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            digit = static_cast<unsigned>(c - 'a') + 10;
        } else {
            break;
        }
        if (*value >> 60 != 0) return false;
        *value = *value << 4 | digit;
    }
    *text = {text->text + i, text->length - i};
    return i > 2;
}

bool parse_range(Piece text, ThreadMatch* match) noexcept {
    const bool relative = text.length > 0 && text.text[0] == '+';
    if (relative) text = {text.text + 1, text.length - 1};
    if (match->range_count == ThreadMatch::kMostRanges) return false;
    if (match->range_count > 0 && match->relative != relative) return false;
    Range range;
    if (!take_hex(&text, &range.begin) || text.length == 0 || text.text[0] != '-') return false;
    text = {text.text + 1, text.length - 1};
    if (!take_hex(&text, &range.end) || text.length != 0 || range.end <= range.begin) return false;
    match->relative = relative;
    match->ranges[match->range_count++] = range;
    match->terms |= ThreadMatch::kStart;
    return true;
}

bool parse_bare(const Scanner& scanner, Piece term, ThreadMatch* match) noexcept {
    if (term == "main") {
        match->terms |= ThreadMatch::kMain;
        return true;
    }
    std::uint64_t tid = 0;
    if (!to_number(term, &tid) || tid == 0 || tid > INT32_MAX) {
        return scanner.fail(term, Word::term, kTerms);
    }
    match->tid = static_cast<std::int32_t>(tid);
    match->terms |= ThreadMatch::kTid;
    return true;
}

bool parse_term(const Scanner& scanner, Piece term, ThreadMatch* match) noexcept {
    if (term.length > 6 && std::memcmp(term.text, "start@", 6) == 0) {
        const Piece range{term.text + 6, term.length - 6};
        return parse_range(range, match) ||
               scanner.fail(range, Word::other, "addresses such as 0x1000-0x1080");
    }
    const auto* const equals = static_cast<const char*>(std::memchr(term.text, '=', term.length));
    if (term.length == 0 || equals == nullptr) return parse_bare(scanner, term, match);
    const Piece key{term.text, static_cast<std::size_t>(equals - term.text)};
    const Piece value{equals + 1, term.length - key.length - 1};
    if (key == "name") {
        match->terms |= ThreadMatch::kName;
        return store(match->name, value) || scanner.fail(value, Word::other, "a short GLOB");
    }
    if (key == "start") {
        match->terms |= ThreadMatch::kStart;
        return store(match->start, value) || scanner.fail(value, Word::other, "a GLOB");
    }
    if (key == "path") {
        return parse_path(value, match) ||
               scanner.fail(value, Word::other, "a thread path such as main/3/1");
    }
    if (key == "nth") {
        std::uint64_t number = 0;
        if (!to_number(value, &number) || number > UINT32_MAX) {
            return scanner.fail(value, Word::other, "a number: threads are counted from 1");
        }
        match->nth = static_cast<std::uint32_t>(number);
        match->terms |= ThreadMatch::kNth;
        return true;
    }
    if (key == "state" || key == "waiting" || key == "in" || key == "holding") {
        return scanner.fail(key, Word::other,
                            "name=, start=, path= or nth=: these can be checked at a "
                            "call");
    }
    return scanner.fail(key, Word::term, kTerms);
}

}  // namespace

bool parse_thread(Scanner& scanner, ThreadMatch* match) noexcept {
    Piece rest = scanner.rest();
    const bool nesting = is_balanced(rest);
    bool more = true;
    while (more) {
        const std::size_t before = rest.length;
        const Piece term = next_term(&rest, nesting);
        if (!parse_term(scanner, term, match)) return false;
        more = before > term.length;  // there was a comma
    }
    return true;
}

}  // namespace threadfault::inject
