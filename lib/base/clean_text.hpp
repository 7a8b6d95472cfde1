// What a target says, and what it calls its threads, as text for a terminal or a report: nothing in
// it moves a cursor, changes the order of a line or ends an XML document.
#ifndef THREADFAULT_BASE_CLEAN_TEXT_HPP
#define THREADFAULT_BASE_CLEAN_TEXT_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::base {

// Valid UTF-8 without control characters (C0, DEL, C1), bidirectional controls, line and
// paragraph separators, U+FFFE and U+FFFF: each byte of those becomes "?".
std::string clean_line(std::string_view text);

// As clean_line, but newlines and tabs stay, and "\r\n" becomes a newline.
std::string clean_text(std::string_view text);

// The beginning and the end of a text that is longer than this many bytes, with "…" for what is
// left out; characters are kept whole.
std::string cut_middle(std::string_view text, std::size_t most);

// clean_line of what a message says, which may quote whatever a file or a target holds: at most
// about 1,000 bytes.
std::string clean_message(std::string_view text);

// Without the last one's end. Nothing for "".
std::vector<std::string> lines_of(std::string_view text);

}  // namespace threadfault::base

#endif  // THREADFAULT_BASE_CLEAN_TEXT_HPP
