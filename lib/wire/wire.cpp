#include "wire/wire.hpp"

#include <cstring>

namespace threadfault::wire {

std::size_t request_size(Type type) noexcept {
    switch (type) {
        case Type::hello:
            return sizeof(Hello);
        case Type::list:
            return sizeof(ListRequest);
        case Type::fault:
            return sizeof(FaultRequest);
        case Type::follow:
            return sizeof(FollowRequest);
        case Type::arm:
            return sizeof(ArmRequest);
        case Type::specs:
            return sizeof(SpecsRequest);
        case Type::disarm:
            return sizeof(DisarmRequest);
        case Type::dead:
            return sizeof(DeadRequest);
        case Type::capture:
            return sizeof(CaptureRequest);
        default:
            return 0;
    }
}

Check check_request(const void* data, std::size_t length) noexcept {
    Header header;
    if (length < sizeof header || length > kMaxMessage) return Check::malformed;
    std::memcpy(&header, data, sizeof header);
    if (header.magic != kMagic) return Check::bad_magic;
    if (header.version != kVersion) return Check::bad_version;
    const std::size_t expected = request_size(header.type);
    if (expected == 0) return Check::bad_type;
    if (length != expected || header.length != expected) return Check::malformed;
    if (header.type == Type::list) {
        // The glob must end within its field: the matcher reads up to the NUL.
        ListRequest request;
        std::memcpy(&request, data, sizeof request);
        if (std::memchr(request.name_glob, 0, sizeof request.name_glob) == nullptr) {
            return Check::malformed;
        }
    }
    if (header.type == Type::arm) {
        ArmRequest request;
        std::memcpy(&request, data, sizeof request);
        if (std::memchr(request.text, 0, sizeof request.text) == nullptr) return Check::malformed;
    }
    if (header.type == Type::capture) {
        CaptureRequest request;
        std::memcpy(&request, data, sizeof request);
        if (request.count == 0 || request.count > kMostCaptures) return Check::malformed;
    }
    return Check::ok;
}

namespace {

// Matches one character against the set that `pattern` (behind the '[') starts; moves `pattern`
// behind its ']'. A '[' without a ']' stands for itself: `valid` is false then.
bool match_set(const char*& pattern, char character, bool& valid) noexcept {
    const char* p = pattern;
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
    valid = *p == ']';
    if (valid) pattern = p + 1;
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
            matched = match_set(next, *text, valid);
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

}  // namespace threadfault::wire
