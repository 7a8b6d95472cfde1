#include "base/glob.hpp"

namespace threadfault::base {
namespace {

// Matches one character against the set that `pattern` (behind the '[') starts; moves `pattern`
// behind its ']'. A '[' without a ']' stands for itself: `valid` is false then.
bool match_set(const char** pattern, char character, bool* valid) noexcept {
    const char* p = *pattern;
    const bool negated = *p == '!' || *p == '^';
    if (negated) ++p;
    bool found = false;
    bool first = true;
    for (; *p != '\0' && (*p != ']' || first); first = false) {
        const auto low = static_cast<unsigned char>(*p);
        auto high = low;
        if (p[1] == '-' && p[2] != ']' && p[2] != '\0') {
            high = static_cast<unsigned char>(p[2]);
            p += 2;
        }
        const auto value = static_cast<unsigned char>(character);
        if (low <= value && value <= high) found = true;
        ++p;
    }
    *valid = *p == ']';
    if (*valid) *pattern = p + 1;
    return found != negated;
}

}  // namespace

bool glob_match(const char* pattern, const char* text) noexcept {
    // Back to the last star: one remembered place is enough, since a later star makes an earlier
    // one's choice irrelevant.
    const char* star = nullptr;
    const char* star_text = nullptr;
    for (;;) {
        if (*pattern == '*') {
            while (*pattern == '*')
                ++pattern;
            star = pattern;
            star_text = text;
            continue;
        }
        bool matched = false;
        const char* next = pattern;
        if (*text == '\0') {
            if (*pattern == '\0') return true;
            return false;  // whatever a star gave back, text only gets shorter
        }
        if (*pattern == '?') {
            matched = true;
            ++next;
        } else if (*pattern == '[') {
            bool valid = false;
            ++next;
            matched = match_set(&next, *text, &valid);
            if (!valid) matched = *text == '[';
        } else if (*pattern != '\0') {
            if (*pattern == '\\' && pattern[1] != '\0') ++next;
            matched = *next == *text;
            ++next;
        }
        if (matched) {
            pattern = next;
            ++text;
        } else if (star != nullptr) {
            pattern = star;
            text = ++star_text;
        } else {
            return false;
        }
    }
}

}  // namespace threadfault::base
