#include "preload/agent/works.hpp"

#include "wire/wire.hpp"

#include <sys/mman.h>

#include <new>

namespace threadfault::shim {

namespace {

constexpr unsigned kMost = 256;
static_assert(wire::kMostCaptures <= kMost / 2, "two clients at once, at least");

void* map(std::size_t size) noexcept {
    void* const memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED ? memory : nullptr;
}

}  // namespace

constinit Works works;

bool Works::prepare() noexcept {
    if (begin_ == nullptr) begin_ = static_cast<Work*>(map(kMost * sizeof(Work)));
    if (findings_ == nullptr) findings_ = static_cast<Findings*>(map(kMost * sizeof(Findings)));
    return begin_ != nullptr && findings_ != nullptr;
}

Work* Works::take() noexcept {
    for (Work& work : *this) {
        if (!work.attempt.active()) return &work;
    }
    if (used_ == kMost) return nullptr;
    return new (begin_ + used_++) Work;
}

bool Works::has_room() noexcept {
    unsigned room = kMost - used_;
    for (Work& work : *this) {
        if (room >= wire::kMostCaptures) return true;
        room += !work.attempt.active();
    }
    return room >= wire::kMostCaptures;
}

Findings* Works::findings_of(const Work& work) noexcept {
    return findings_ + (&work - begin_);
}

}  // namespace threadfault::shim
