#include "base/clean_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace threadfault::base {
namespace {

// U+202A to U+202E and U+2066 to U+2069 change the order in which the rest of a line is shown.
bool turns_text_round(std::uint32_t code) {
    return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

// Bytes of the valid, printable character that the text begins with; 0: there is none.
std::size_t character_length(std::string_view text) {
    const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned first = byte(0);
    if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
    std::uint32_t code = first & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) return 0;
        code = code << 6U | (byte(i) & 0x3fU);
    }
    static constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    const bool control = code < 0xa0;
    const bool valid = code >= kLeast[length] && code <= 0x10ffff && !surrogate && !control &&
                       code != 0xfffe && code != 0xffff && !turns_text_round(code);
    return valid ? length : 0;
}

// `kept`: control characters that may stay.
std::string cleaned(std::string_view text, std::string_view kept) {
    std::string clean;
    clean.reserve(text.size());
    while (!text.empty()) {
        const bool keep = kept.find(text.front()) != std::string_view::npos;
        const std::size_t length = keep ? 1 : character_length(text);
        if (length > 0) {
            clean += text.substr(0, length);
        } else if (kept.empty() || !text.starts_with("\r\n")) {
            // A carriage return before a newline is only another way to end a line.
            clean += '?';
        }
        text.remove_prefix(length > 0 ? length : 1);
    }
    return clean;
}

}  // namespace

std::string clean_line(std::string_view text) {
    return cleaned(text, "");
}

std::string clean_text(std::string_view text) {
    return cleaned(text, "\n\t");
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

}  // namespace threadfault::base
