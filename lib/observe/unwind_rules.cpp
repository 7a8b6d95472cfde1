#include "observe/unwind_rules.hpp"

#include "observe/frame_program.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace threadfault::observe {
namespace {

constexpr std::uint64_t kMostEntries = 1 << 24;
constexpr std::uint64_t kLargestFrames = std::uint64_t{64} << 20;
constexpr std::size_t kEntrySize = 8;  // of the search table as every linker writes it

// version, then the encodings of .eh_frame's address (pc-relative, 4 bytes), of the count (4 bytes)
// and of the entries (relative to the header, 4 bytes each).
constexpr std::array<unsigned char, 4> kHeader{1, 0x1b, 0x03, 0x3b};

std::uint64_t distance(std::int32_t value) {
    return static_cast<std::uint64_t>(std::int64_t{value});
}

}  // namespace

std::optional<std::uint64_t> UnwindRules::search_header(std::uint64_t address) {
    if (!read_) {
        read_ = true;
        struct Header {
            std::array<unsigned char, 4> format;
            std::int32_t frames;
            std::uint32_t count;
        };
        const auto header = memory_->read<Header>(header_);
        if (header && header->format == kHeader && header->count < kMostEntries) {
            first_ = header_ + sizeof(Header);
            count_ = header->count;
        }
    }
    struct Pair {
        std::int32_t begin;
        std::int32_t record;
    };
    // The last one that begins at or before the address.
    std::uint64_t low = 0;
    std::uint64_t high = count_;
    std::optional<std::uint64_t> record;
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        const auto pair = memory_->read<Pair>(first_ + middle * kEntrySize);
        if (!pair) return std::nullopt;
        if (header_ + distance(pair->begin) <= address) {
            record = header_ + distance(pair->record);
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return record;
}

void UnwindRules::read_frames() {
    read_ = true;
    if (size_ > kLargestFrames) return;
    std::vector<unsigned char> bytes(size_);
    if (!memory_->read(frames_, bytes.data(), bytes.size())) return;
    for (std::size_t at = 0; at + 8 <= bytes.size();) {
        std::uint32_t length = 0;
        std::uint32_t common = 0;
        std::memcpy(&length, &bytes[at], sizeof length);
        std::memcpy(&common, &bytes[at + 4], sizeof common);
        if (length == 0 || length == 0xffffffff) break;
        if (common != 0) {
            const auto begin = begin_of_record(*memory_, frames_ + at);
            if (begin) entries_.push_back({*begin, frames_ + at});
        }
        at += length + sizeof length;
    }
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
}

std::optional<std::uint64_t> UnwindRules::search_frames(std::uint64_t address) {
    if (!read_) read_frames();
    const auto after = std::upper_bound(
        entries_.begin(), entries_.end(), address,
        [](std::uint64_t value, const Entry& entry) { return value < entry.begin; });
    if (after == entries_.begin()) return std::nullopt;
    return std::prev(after)->record;
}

std::optional<FrameRule> UnwindRules::at(std::uint64_t address) {
    if (memory_ == nullptr) return std::nullopt;
    const auto record = header_ != 0 ? search_header(address) : search_frames(address);
    return record ? frame_rule(*memory_, *record, address) : std::nullopt;
}

}  // namespace threadfault::observe
