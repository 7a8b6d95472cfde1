#include "regex/regex.hpp"

#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <re2/re2.h>

#include <algorithm>

namespace threadfault {
namespace {

RE2::Options options_for(RE2::Options::Encoding encoding) {
    RE2::Options options;
    options.set_encoding(encoding);
    options.set_log_errors(false);  // they would go to our standard error
    return options;
}

re2::StringPiece piece(std::string_view text) {
    return {text.data(), text.size()};
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

struct Regex::Compiled {
    explicit Compiled(std::string_view text)
        : characters(piece(text), options_for(RE2::Options::EncodingUTF8)),
          bytes(piece(text), options_for(RE2::Options::EncodingLatin1)) {}

    RE2 characters;
    RE2 bytes;
};

Regex::Regex(std::string_view text) : compiled_(std::make_unique<const Compiled>(text)) {
    const RE2& checked = compiled_->characters;
    if (checked.ok()) return;
    throw Error(ErrorCode::bad_regex,
                formatted("\"{}\" is not a regular expression: {}", text, checked.error()),
                "the dialect is RE2's: no backreferences, no lookaround; \\ escapes a character");
}

Regex::~Regex() = default;
Regex::Regex(Regex&& other) noexcept = default;
Regex& Regex::operator=(Regex&& other) noexcept = default;

bool Regex::is_in(std::string_view text) const {
    if (RE2::PartialMatch(piece(text), compiled_->characters)) return true;
    // RE2's "." does not stand for a byte that is part of no character.
    return !is_ascii(text) && compiled_->bytes.ok() &&
           RE2::PartialMatch(piece(text), compiled_->bytes);
}

}  // namespace threadfault
