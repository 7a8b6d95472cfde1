#include "base/clean_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace threadfault::base {
namespace {

// Bidirectional controls change the order in which a line is shown; U+2028 and U+2029 end a line or
// a paragraph.
bool turns_or_ends_a_line(std::uint32_t code) {
    return code == 0x061c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
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
                       code != 0xfffe && code != 0xffff && !turns_or_ends_a_line(code);
    return valid ? length : 0;
}

// How many bytes of printable ASCII the text begins with.
std::size_t plain_length(std::string_view text) {
    const auto other = std::find_if(text.begin(), text.end(),
                                    [](char byte) { return byte < 0x20 || byte >= 0x7f; });
    return static_cast<std::size_t>(other - text.begin());
}

// `kept`: control characters that may stay.
std::string cleaned(std::string_view text, std::string_view kept) {
    std::string clean;
    clean.reserve(text.size());
    for (;;) {
        const std::size_t plain = plain_length(text);
        clean += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) return clean;
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
}

}  // namespace

std::string clean_line(std::string_view text) {
    return cleaned(text, "");
}

std::string clean_text(std::string_view text) {
    return cleaned(text, "\n\t");
}

std::string cut_middle(std::string_view text, std::size_t most) {
    if (text.size() <= most) return std::string(text);
    const auto inside = [text](std::size_t at) {
        return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80;
    };
    // What is wrong with a quoted text mostly stands behind it.
    std::size_t head = most - most / 3;
    std::size_t tail = text.size() - most / 3;
    while (head > 0 && inside(head))
        head--;
    while (inside(tail))
        tail++;
    std::string cut(text.substr(0, head));
    cut += "…";
    cut += text.substr(tail);
    return cut;
}

std::string clean_message(std::string_view text) {
    constexpr std::size_t kMost = 1000;
    return clean_line(cut_middle(text, kMost));
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
