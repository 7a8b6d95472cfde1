// What a target has written to one of its streams, as far as it is kept.
#ifndef THREADFAULT_HARNESS_CAPTURED_HPP
#define THREADFAULT_HARNESS_CAPTURED_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace threadfault::target {

// Of each stream, at least the last this many bytes.
inline constexpr std::size_t kMostKept = std::size_t{16} << 20;

class Captured {
public:
    explicit Captured(std::size_t most = kMostKept) : most_(most) {}

    void append(std::string_view text) {
        text_ += text;
        // Not at every append: taking off the front moves all the rest.
        if (text_.size() <= most_ + most_ / 8) return;
        const std::size_t least = text_.size() - most_;
        // Whole lines go, unless there are none.
        const std::size_t newline = text_.find('\n', least - 1);
        const std::size_t gone = newline == std::string::npos ? least : newline + 1;
        text_.erase(0, gone);
        lost_ += gone;
    }

    const std::string& text() const noexcept { return text_; }
    // Bytes at the beginning that are not kept any more.
    std::size_t lost() const noexcept { return lost_; }

private:
    std::size_t most_;
    std::string text_;
    std::size_t lost_ = 0;
};

}  // namespace threadfault::target

#endif  // THREADFAULT_HARNESS_CAPTURED_HPP
