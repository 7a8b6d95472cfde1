#include "harness/lines.hpp"

#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <algorithm>
#include <mutex>

namespace threadfault::target {
namespace {

std::regex compile(const std::string& text) {
    // libstdc++ fills a table of the locale meanwhile, harmlessly, but ThreadSanitizer tells it.
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    try {
        return std::regex(text);
    } catch (const std::regex_error& error) {
        throw Error(ErrorCode::bad_regex,
                    formatted("\"{}\" is not a regular expression: {}", text, error.what()),
                    "use the ECMAScript grammar; \\ escapes a character");
    }
}

}  // namespace

LineSearch::LineSearch(const std::string& regex, std::size_t position)
    : regex_(compile(regex)), position_(position) {}

std::optional<std::string> LineSearch::next(const std::string& text, bool over) {
    while (position_ < text.size()) {
        const std::size_t newline = text.find('\n', position_);
        if (newline == std::string::npos && !over) break;
        const std::size_t end = std::min(newline, text.size());
        std::string line = text.substr(position_, end - position_);
        position_ = std::min(end + 1, text.size());
        if (line.ends_with('\r')) line.pop_back();
        if (std::regex_search(line, regex_)) return line;
    }
    return std::nullopt;
}

}  // namespace threadfault::target
