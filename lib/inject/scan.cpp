#include "inject/scan.hpp"

#include <cstring>

namespace threadfault::inject {

namespace {

bool is_digit(char character) noexcept {
    return character >= '0' && character <= '9';
}

// A decimal fraction as an integer of billionths; the rest of `text` is its unit. False: no number,
// or one above ten billion, of which the billionths would not fit into 64 bits.
bool to_billionths(Piece text, std::uint64_t* value, Piece* unit) noexcept {
    constexpr std::uint64_t kBillion = 1'000'000'000;
    std::size_t i = 0;
    std::uint64_t whole = 0;
    for (; i < text.length && is_digit(text.text[i]); ++i) {
        whole = whole * 10 + static_cast<std::uint64_t>(text.text[i] - '0');
        if (whole > 10 * kBillion) return false;
    }
    if (i == 0) return false;
    std::uint64_t fraction = 0;
    if (i < text.length && text.text[i] == '.') {
        std::uint64_t place = kBillion / 10;
        for (++i; i < text.length && is_digit(text.text[i]); ++i) {
            fraction += place * static_cast<std::uint64_t>(text.text[i] - '0');
            place /= 10;
        }
    }
    *value = whole * kBillion + fraction;
    *unit = {text.text + i, text.length - i};
    return true;
}

}  // namespace

bool Piece::operator==(const char* word) const noexcept {
    return std::strlen(word) == length && std::memcmp(text, word, length) == 0;
}

Piece Scanner::until(const char* stops) noexcept {
    const char* const from = at_;
    while (at_ != end_ && (*at_ == '\0' || std::strchr(stops, *at_) == nullptr))
        ++at_;
    return {from, static_cast<std::size_t>(at_ - from)};
}

Piece Scanner::digits() noexcept {
    const char* const from = at_;
    while (at_ != end_ && is_digit(*at_))
        ++at_;
    return {from, static_cast<std::size_t>(at_ - from)};
}

bool Scanner::take(char wanted) noexcept {
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
}

bool Scanner::take_word(const char* wanted) noexcept {
    const std::size_t length = std::strlen(wanted);
    if (static_cast<std::size_t>(end_ - at_) < length || std::memcmp(at_, wanted, length) != 0) {
        return false;
    }
    at_ += length;
    return true;
}

bool Scanner::fail(Piece at, Problem::Word word, const char* expected) const noexcept {
    problem_->column = static_cast<std::size_t>(at.text - begin_) + 1;
    problem_->length = at.length;
    problem_->word = word;
    problem_->expected = expected;
    return false;
}

bool to_number(Piece digits, std::uint64_t* value) noexcept {
    if (digits.length == 0) return false;
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < digits.length; ++i) {
        if (!is_digit(digits.text[i])) return false;
        const auto digit = static_cast<std::uint64_t>(digits.text[i] - '0');
        if (number > (UINT64_MAX - digit) / 10) return false;
        number = number * 10 + digit;
    }
    *value = number;
    return true;
}

std::int64_t to_duration(Piece text, std::int64_t none) noexcept {
    std::uint64_t billionths = 0;
    Piece unit;
    if (!to_billionths(text, &billionths, &unit)) return none;
    double nanoseconds = static_cast<double>(billionths);  // of a second each
    if (unit == "us") {
        nanoseconds *= 1e-6;
    } else if (unit == "ms") {
        nanoseconds *= 1e-3;
    } else if (unit == "m") {
        nanoseconds *= 60;
    } else if (unit == "h") {
        nanoseconds *= 3600;
    } else if (!(unit == "s")) {
        return none;
    }
    constexpr double kTenYears = 10 * 365.25 * 86400 * 1e9;
    // lround() is in libm, which the shim must not need.
    // NOLINTNEXTLINE(bugprone-incorrect-roundings)
    return nanoseconds <= kTenYears ? static_cast<std::int64_t>(nanoseconds + 0.5) : none;
}

bool to_chance(Piece text, std::uint64_t* chance) noexcept {
    std::uint64_t billionths = 0;
    Piece unit;
    if (!to_billionths(text, &billionths, &unit)) return false;
    double probability = static_cast<double>(billionths) * 1e-9;
    if (unit == "%") {
        probability /= 100;
    } else if (unit.length != 0) {
        return false;
    }
    if (probability > 1) return false;
    constexpr double kAll = 18446744073709551616.0;  // 2^64
    *chance = probability >= 1 ? UINT64_MAX : static_cast<std::uint64_t>(probability * kAll);
    return true;
}

}  // namespace threadfault::inject
