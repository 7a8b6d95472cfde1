#include "observe/frame_walk.hpp"

#include "arch/registers.hpp"

namespace threadfault::observe {
namespace {

constexpr std::uint64_t kWord = sizeof(std::uint64_t);
constexpr int kMostLinks = 64;  // of the chain of frame pointers

}  // namespace

std::optional<std::uint64_t> StackWords::word(std::uint64_t address) const {
    const std::uint64_t at = (address - address_) / kWord;
    if (address >= address_ && address % kWord == 0 && at < words_.size()) return words_[at];
    return memory_.read<std::uint64_t>(address);
}

bool FrameWalk::to_caller() {
    if (!place_->rule) return false;
    const FrameRule& rule = *place_->rule;
    std::uint64_t end = 0;
    if (!rule.by_frame_pointer) {
        end = stack_pointer_ + static_cast<std::uint64_t>(rule.size);
    } else {
        if (!frame_pointer_) frame_pointer_ = find_frame_pointer();
        if (!frame_pointer_) return false;
        end = *frame_pointer_ + static_cast<std::uint64_t>(rule.size);
    }
    // Frames lie behind each other.
    if (end < stack_pointer_ || end % kWord != 0 || !rule.return_address_at) return false;
    if (end == stack_pointer_ && arch::kCallPushes) return false;
    const auto back = stack_.word(end + static_cast<std::uint64_t>(*rule.return_address_at));
    if (!back) return false;
    if (rule.frame_pointer_at) {
        frame_pointer_ = stack_.word(end + static_cast<std::uint64_t>(*rule.frame_pointer_at));
    }
    address_ = arch::plain_address(*back);
    stack_pointer_ = end;
    returned_ = true;
    place_ = &places_.at(address_, true);
    return place_->known && place_->after_call;
}

// Does a frame further out return into the function whose caller is looked for? The function's own
// variables may lie over what calls have left that it made before.
bool FrameWalk::leads_back_into(const FrameRule& rule, std::uint64_t slot) const {
    for (int link = 0; link < kMostLinks; ++link) {
        const auto saved = stack_.word(slot);
        const auto back = stack_.word(slot + kWord);
        if (!saved || !back) return false;
        if (*back > rule.begin && *back <= rule.end) return true;
        if (*saved <= slot || *saved % kWord != 0) return false;
        slot = *saved;
    }
    return false;
}

// The kernel doesn't show the frame pointer, and it has not been saved yet. Its frame is the first
// whose return address stands behind a call of this very function, or behind a call that may be
// one.
std::optional<std::uint64_t> FrameWalk::find_frame_pointer() const {
    if (!place_->rule || place_->rule->size != static_cast<std::int64_t>(2 * kWord)) {
        return std::nullopt;
    }
    const FrameRule& rule = *place_->rule;
    std::optional<std::uint64_t> indirect;
    for (std::size_t i = 0; i < scanned_words_; ++i) {
        const std::uint64_t slot = stack_pointer_ + i * kWord;
        const auto saved = stack_.word(slot);
        const auto back = stack_.word(slot + kWord);
        if (!saved || !back) break;
        const bool chained = *saved > slot && *saved % kWord == 0;
        if (!chained) continue;
        const CodePlace& caller = places_.at(*back, true);
        if (!caller.known || !caller.after_call) continue;
        const bool direct = caller.callee_begin == rule.begin;
        if (direct) return slot;
        if (indirect || caller.callee_begin != 0 || leads_back_into(rule, slot)) continue;
        indirect = slot;
    }
    return indirect;
}

}  // namespace threadfault::observe
