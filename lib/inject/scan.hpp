// Reading a SPEC from left to right, without allocation.
#ifndef THREADFAULT_INJECT_SCAN_HPP
#define THREADFAULT_INJECT_SCAN_HPP

#include "inject/rule.hpp"

#include <cstddef>
#include <cstdint>

namespace threadfault::inject {

struct Piece {
    const char* text = nullptr;
    std::size_t length = 0;

    bool operator==(const char* word) const noexcept;
};

class Scanner {
public:
    Scanner(const char* text, std::size_t length, Problem* problem) noexcept
        : begin_(text), at_(text), end_(text + length), problem_(problem) {}

    // What stands before the next of these characters, or before the end.
    Piece until(const char* stops) noexcept;
    Piece digits() noexcept;
    Piece rest() const noexcept { return {at_, static_cast<std::size_t>(end_ - at_)}; }
    bool take(char wanted) noexcept;
    bool take_word(const char* wanted) noexcept;
    bool at_end() const noexcept { return at_ == end_; }
    bool at_end_of_field() const noexcept { return at_ == end_ || *at_ == ':'; }

    // Always false.
    bool fail(Piece at, Problem::Word word, const char* expected) const noexcept;

private:
    const char* begin_;
    const char* at_;
    const char* end_;
    Problem* problem_;
};

// Decimal, within 64 bits.
bool to_number(Piece digits, std::uint64_t* value) noexcept;
// us, ms, s, m, h; at most ten years. `none` when it is not a duration.
std::int64_t to_duration(Piece text, std::int64_t none) noexcept;
// 0.25 or 25%, in units of 2^-64; 1 is UINT64_MAX.
bool to_chance(Piece text, std::uint64_t* chance) noexcept;

}  // namespace threadfault::inject

#endif  // THREADFAULT_INJECT_SCAN_HPP
