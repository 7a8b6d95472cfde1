// Short texts put together without libc: for handlers and for the agent. Too long a text is cut.
#ifndef THREADFAULT_PRELOAD_TEXT_HPP
#define THREADFAULT_PRELOAD_TEXT_HPP

#include <cstddef>
#include <cstdint>

namespace threadfault::shim {

template <std::size_t kSize>
class Text {
public:
    Text& add(const char* text) noexcept {
        while (*text != '\0' && length_ + 1 < kSize)
            text_[length_++] = *text++;
        text_[length_] = '\0';
        return *this;
    }
    Text& add_number(std::uint64_t number) noexcept {
        char digits[21];
        std::size_t at = sizeof digits - 1;
        digits[at] = '\0';
        do {
            digits[--at] = static_cast<char>('0' + number % 10);
            number /= 10;
        } while (number > 0);
        return add(&digits[at]);
    }
    const char* text() const noexcept { return text_; }
    std::size_t size() const noexcept { return length_; }

private:
    char text_[kSize] = {};
    std::size_t length_ = 0;
};

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_TEXT_HPP
