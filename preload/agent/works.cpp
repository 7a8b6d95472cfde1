#include "preload/agent/works.hpp"

#include "preload/base/own_memory.hpp"
#include "wire/wire.hpp"

#include <new>

namespace threadfault::shim {

namespace {

constexpr unsigned kMost = 1024;
constexpr unsigned kShare = 192;
static_assert(wire::kMostCaptures <= kShare, "one request, at least");

}  // namespace

constinit Works works;

bool Works::prepare() noexcept {
    if (begin_ == nullptr) begin_ = static_cast<Work*>(map_memory(kMost * sizeof(Work)));
    if (findings_ == nullptr)
        findings_ = static_cast<Findings*>(map_memory(kMost * sizeof(Findings)));
    return begin_ != nullptr && findings_ != nullptr;
}

Work* Works::take() noexcept {
    for (Work& work : *this) {
        if (!work.attempt.active()) return &work;
    }
    if (used_ == kMost) return nullptr;
    return new (begin_ + used_++) Work;
}

bool Works::has_room_for(const Client& client) noexcept {
    unsigned room = kMost - used_;
    unsigned under_way = 0;
    for (Work& work : *this) {
        if (!work.attempt.active()) {
            ++room;
        } else if (work.client == &client) {
            ++under_way;
        }
    }
    return room >= wire::kMostCaptures && under_way + wire::kMostCaptures <= kShare;
}

Findings* Works::findings_of(const Work& work) noexcept {
    return findings_ + (&work - begin_);
}

}  // namespace threadfault::shim
