#include "preload/base/stack_growth.hpp"

#include "execute/syscalls.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstring>

namespace threadfault::shim {

namespace {

// The kernel's stack_guard_gap: 256 pages stay free below a stack that grows.
constexpr std::uint64_t kGap = 256 * 4096;

// Moves `*text` past a hexadecimal number.
std::uint64_t take_hexadecimal(const char** text) noexcept {
    std::uint64_t number = 0;
    for (;; ++*text) {
        const char c = **text;
        if (c >= '0' && c <= '9') {
            number = number << 4 | static_cast<std::uint64_t>(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            number = number << 4 | static_cast<std::uint64_t>(c - 'a' + 10);
        } else {
            return number;
        }
    }
}

// Returns the limit. What can't be read leaves the parser without a stack.
std::uint64_t read_maps(GrowthParser* parser) noexcept {
    rlimit limit{};
    if (execute::sys_call(SYS_prlimit64, 0, RLIMIT_STACK, nullptr, &limit) != 0) return 0;
    const int maps = execute::sys_open("/proc/self/maps", O_RDONLY);
    if (maps < 0) return 0;
    char text[1024] = {};  // the analyzer does not know who fills it
    long got = 0;
    while ((got = execute::sys_read(maps, text, sizeof text)) > 0)
        if (parser->feed(text, static_cast<std::size_t>(got))) break;
    execute::sys_close(maps);
    return limit.rlim_cur;
}

}  // namespace

bool GrowthParser::take_line() noexcept {
    line_[std::min(length_, sizeof line_ - 1)] = '\0';
    const char* at = line_;
    const std::uint64_t begin = take_hexadecimal(&at);
    if (*at != '-') return false;
    ++at;
    const std::uint64_t end = take_hexadecimal(&at);
    if (pointer_ < begin || pointer_ >= end) {
        before_ = end;
        return false;
    }
    if (std::memcmp(tail_, " [stack]", sizeof tail_) == 0) {
        begin_ = begin;
        end_ = end;
    }
    return true;
}

bool GrowthParser::feed(const char* text, std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i) {
        if (text[i] == '\n') {
            if (take_line()) return true;
            length_ = 0;
            continue;
        }
        if (length_ + 1 < sizeof line_) line_[length_] = text[i];
        ++length_;
        std::memmove(tail_, tail_ + 1, sizeof tail_ - 1);
        tail_[sizeof tail_ - 1] = text[i];
    }
    return false;
}

std::uint64_t GrowthParser::above(std::uint64_t limit, std::uint64_t address) const noexcept {
    if (end_ == 0) return 0;
    const std::uint64_t lowest = std::max(limit < end_ ? end_ - limit : 0, before_ + kGap);
    return address > lowest ? address - lowest : 0;
}

std::uint64_t room_to_grow(std::uint64_t stack_pointer) noexcept {
    GrowthParser parser(stack_pointer);
    return parser.room(read_maps(&parser));
}

std::uint64_t never_grown(std::uint64_t address) noexcept {
    GrowthParser parser(address);
    return parser.unused(read_maps(&parser));
}

}  // namespace threadfault::shim
