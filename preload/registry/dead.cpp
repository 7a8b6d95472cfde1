#include "preload/registry/dead.hpp"

#include <atomic>
#include <cstring>

namespace threadfault::shim {

namespace {

constexpr std::uint64_t kRemembered = 1024;

struct Grave {
    // Number of the burial + 1 when all of it is there; 0 while it is written.
    std::atomic<std::uint64_t> ready{0};
    wire::EndKind how{};
    std::int64_t ended_ns = 0;
    std::uint64_t waited_on = 0;
    wire::ThreadRecord record;
};
constinit Grave graves[kRemembered]{};
constinit std::atomic<std::uint64_t> burials{0};

bool is_meant(const Grave& grave, const wire::DeadRequest& request) noexcept {
    if (request.tid != 0) return grave.record.tid == request.tid;
    const auto is_there = [&](std::uint64_t address) {
        return address != 0 && address >= request.waited_begin && address < request.waited_end;
    };
    return is_there(grave.waited_on) || is_there(grave.record.pthread);
}

}  // namespace

void remember_dead(const Record& record, wire::EndKind how, std::int64_t ended_ns) noexcept {
    const std::uint64_t number = burials.fetch_add(1, std::memory_order_acq_rel);
    Grave& grave = graves[number % kRemembered];
    // Nothing that follows is seen before this.
    grave.ready.exchange(0, std::memory_order_acq_rel);
    grave.how = how;
    grave.ended_ns = ended_ns;
    grave.waited_on =
        how == wire::EndKind::vanished ? record.waited_on.load(std::memory_order_relaxed) : 0;
    wire::ThreadRecord& dead = grave.record;
    dead.serial = record.serial.load(std::memory_order_relaxed);
    dead.tid = record.tid.load(std::memory_order_relaxed);
    dead.pthread = record.thread.load(std::memory_order_relaxed);
    dead.start_routine = reinterpret_cast<std::uint64_t>(static_cast<void*>(record.start_routine));
    dead.start_argument = reinterpret_cast<std::uint64_t>(static_cast<void*>(record.argument));
    dead.birth_ns = record.birth_ns;
    dead.creator_tid = record.creator_tid;
    dead.index = record.index;
    dead.flags = record.is_main ? wire::kThreadMain : 0;
    dead.depth = record.depth;
    load_path(record, dead.path);
    load_name(record, dead.name);
    grave.ready.store(number + 1, std::memory_order_release);
}

bool recall_dead(const wire::DeadRequest& request, wire::DeadReply* out) noexcept {
    const std::uint64_t last = burials.load(std::memory_order_acquire);
    const std::uint64_t first = last > kRemembered ? last - kRemembered : 0;
    for (std::uint64_t number = last; number > first; --number) {
        Grave& grave = graves[(number - 1) % kRemembered];
        if (grave.ready.load(std::memory_order_acquire) != number || !is_meant(grave, request)) {
            continue;
        }
        out->waited_on = grave.waited_on;
        out->how = grave.how;
        out->ended_ns = grave.ended_ns;
        std::memcpy(&out->record, &grave.record, sizeof out->record);
        // Overwritten while it was copied? Then it is discarded. A write that changes nothing: what
        // was read before it stays before it.
        if (grave.ready.fetch_add(0, std::memory_order_acq_rel) != number) return false;
        out->known = 1;
        return true;
    }
    return false;
}

}  // namespace threadfault::shim
