#include "preload/points/rules.hpp"

#include "inject/possible.hpp"
#include "preload/base/log.hpp"
#include "preload/base/sandbox.hpp"
#include "preload/base/start.hpp"
#include "preload/base/text.hpp"
#include "preload/faults/on_self.hpp"
#include "preload/points/passages.hpp"
#include "preload/points/thread_facts.hpp"

#include <stdlib.h>

#include <cstring>

// Defined in the points library alone.
extern "C" [[gnu::weak, gnu::visibility("hidden")]] void threadfault_points_marker() noexcept;

namespace threadfault::shim {

constinit std::atomic<bool> armed_calls[inject::kCallCount]{};
constinit std::atomic<std::uint32_t> rule_limit{0};  // no slot was ever used from here on

namespace {

using inject::Action;
using inject::Call;
using inject::Rule;

constexpr std::uint32_t kMaxRules = wire::kMostSpecs;

struct Slot {
    std::atomic<std::uint32_t> id{0};  // 0: nothing is armed here
    std::atomic<std::uint32_t> readers{0};
    std::atomic<std::uint64_t> calls[2] = {};
    std::atomic<std::uint64_t> matched{0};
    std::atomic<std::uint64_t> injected{0};
    std::atomic<std::uint32_t> skipped{0};
    Rule rule;
    char text[wire::kSpecSize] = {};
};
constinit Slot slots[kMaxRules]{};
constinit std::uint32_t last_id = 0;

// While it lives, the slot's rule stays as it is.
class Visit {
public:
    explicit Visit(Slot* slot) noexcept : slot_(slot) {
        // Against the writer's order, which clears the id and then looks for readers.
        slot_->readers.fetch_add(1, std::memory_order_seq_cst);
        armed_ = slot_->id.load(std::memory_order_seq_cst) != 0;
    }
    ~Visit() { slot_->readers.fetch_sub(1, std::memory_order_release); }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    bool armed() const noexcept { return armed_; }

private:
    Slot* slot_;
    bool armed_;
};

bool is_about(const Slot& slot, Call call) noexcept {
    const auto number = static_cast<std::size_t>(call);
    return (slot.calls[number / 64].load(std::memory_order_relaxed) >> number % 64 & 1) != 0;
}

Slot* free_slot() noexcept {
    for (Slot& slot : slots) {
        // A reader that died in its visit keeps the slot for ever.
        if (slot.id.load(std::memory_order_seq_cst) == 0 &&
            slot.readers.load(std::memory_order_seq_cst) == 0) {
            return &slot;
        }
    }
    return nullptr;
}

Effect effect_of(const Rule& rule) noexcept {
    const int error = rule.action == Action::interrupt ? EINTR : rule.error;
    return {rule.action, rule.side, rule.death, error, rule.duration_ns};
}

bool is_within_reach(const Rule& rule) noexcept {
    if (has_points()) return true;
    for (std::size_t i = 0; i < inject::kCallCount; ++i) {
        const auto call = static_cast<Call>(i);
        if (rule.calls.has(call) && !inject::is_basic(call)) return false;
    }
    return true;
}

// Said once for each SPEC, at its first call of that kind.
void tell_skipped(Slot& slot, const char* why) noexcept {
    if (slot.skipped.fetch_add(1, std::memory_order_relaxed) != 0 || is_sandboxed()) return;
    Text<300> line;
    line.add("skipped, ").add(why).add(": ").add(slot.text);
    log_line(line.text());
}

// nullptr: the call's object can give the error, or it need not.
const char* why_impossible(const Rule& rule, Call call, const Effect& effect,
                           const CallArguments& arguments) noexcept {
    const bool fails = effect.action == Action::error || effect.action == Action::interrupt;
    if (!fails || rule.forced || inject::who_gives(call, effect.error) == nullptr) return nullptr;
    return inject::why_impossible(call, effect.error, look_at(arguments));
}

void clear_slot(Slot& slot) noexcept {
    slot.calls[0].store(0, std::memory_order_relaxed);
    slot.calls[1].store(0, std::memory_order_relaxed);
    slot.id.store(0, std::memory_order_seq_cst);
}

}  // namespace

void show_armed_calls() noexcept {
    const std::uint32_t limit = rule_limit.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < inject::kCallCount; ++i) {
        bool any = passages_recorded.load(std::memory_order_relaxed);
        for (std::uint32_t at = 0; at < limit; ++at)
            any = any || is_about(slots[at], static_cast<Call>(i));
        armed_calls[i].store(any, std::memory_order_release);
    }
}

bool has_points() noexcept {
    return &threadfault_points_marker != nullptr;
}

Decision decide(Call call, inject::Side side, const CallArguments& arguments) noexcept {
    Decision decision;
    const std::uint32_t limit = rule_limit.load(std::memory_order_acquire);
    if (limit == 0) return decision;
    // A vfork child shares our memory, but is not part of the process that is counted.
    if (is_foreign_process()) return decision;
    inject::ThreadFacts facts;
    bool known = false;
    for (std::uint32_t at = 0; at < limit; ++at) {
        Slot& slot = slots[at];
        if (!is_about(slot, call)) continue;
        const Visit visit(&slot);
        if (!visit.armed() || !slot.rule.calls.has(call) || slot.rule.side != side) continue;
        if (slot.rule.child && fork_generation() == 0) continue;
        if (!known && !learn_facts(&facts)) return decision;
        known = true;
        if (!inject::matches(slot.rule.thread, facts)) continue;
        const std::uint64_t number = slot.matched.fetch_add(1, std::memory_order_relaxed) + 1;
        if (!inject::fires(slot.rule, number) || decision.count == Decision::kMost) continue;
        const Effect effect = effect_of(slot.rule);
        if (const char* const why = why_impossible(slot.rule, call, effect, arguments)) {
            tell_skipped(slot, why);
            continue;
        }
        slot.injected.fetch_add(1, std::memory_order_relaxed);
        decision.effects[decision.count++] = effect;
    }
    return decision;
}

void act_on(const Decision& decision) {
    for (unsigned i = 0; i < decision.count; ++i) {
        const Effect& effect = decision.effects[i];
        if (effect.action == Action::kill) inflict_on_self(effect.death, 0);
        if (effect.action == Action::delay) {
            inflict_on_self(wire::Fault::delay, effect.duration_ns);
        }
        if (effect.action == Action::freeze) {
            inflict_on_self(wire::Fault::freeze, effect.duration_ns);
        }
    }
}

wire::ArmOutcome arm(const char* text, std::size_t length, std::uint32_t* id,
                     std::uint32_t* column) noexcept {
    Rule rule;
    inject::Problem problem;
    if (!inject::parse(text, length, &rule, &problem)) {
        *column = static_cast<std::uint32_t>(problem.column);
        return wire::ArmOutcome::malformed;
    }
    if (!is_within_reach(rule)) return wire::ArmOutcome::needs_points;
    Slot* const slot = free_slot();
    if (slot == nullptr) return wire::ArmOutcome::too_many;
    slot->rule = rule;
    std::memcpy(slot->text, text, length);
    slot->text[length] = '\0';
    slot->matched.store(0, std::memory_order_relaxed);
    slot->injected.store(0, std::memory_order_relaxed);
    slot->skipped.store(0, std::memory_order_relaxed);
    *id = ++last_id;
    slot->id.store(*id, std::memory_order_seq_cst);
    slot->calls[0].store(rule.calls.words[0], std::memory_order_release);
    slot->calls[1].store(rule.calls.words[1], std::memory_order_release);
    const auto place = static_cast<std::uint32_t>(slot - slots);
    if (place >= rule_limit.load(std::memory_order_relaxed)) {
        rule_limit.store(place + 1, std::memory_order_release);
    }
    show_armed_calls();
    return wire::ArmOutcome::armed;
}

std::uint32_t disarm(std::uint32_t id) noexcept {
    std::uint32_t count = 0;
    for (Slot& slot : slots) {
        const std::uint32_t armed = slot.id.load(std::memory_order_relaxed);
        if (armed == 0 || (id != 0 && armed != id)) continue;
        clear_slot(slot);
        ++count;
    }
    show_armed_calls();
    return count;
}

bool next_spec(std::uint32_t* cursor, wire::SpecRecord* out) noexcept {
    for (; *cursor < kMaxRules; ++*cursor) {
        const Slot& slot = slots[*cursor];
        out->id = slot.id.load(std::memory_order_relaxed);
        if (out->id == 0) continue;
        out->matched = slot.matched.load(std::memory_order_relaxed);
        out->injected = slot.injected.load(std::memory_order_relaxed);
        out->skipped = slot.skipped.load(std::memory_order_relaxed);
        std::memcpy(out->text, slot.text, sizeof out->text);
        ++*cursor;
        return true;
    }
    return false;
}

void arm_from_environment() noexcept {
    const char* text = ::getenv("THREADFAULT_INJECT");
    if (text != nullptr) learn_log_file();
    while (text != nullptr && *text != '\0') {
        const char* const newline = std::strchr(text, '\n');
        const std::size_t length =
            newline != nullptr ? static_cast<std::size_t>(newline - text) : std::strlen(text);
        std::uint32_t id = 0;
        std::uint32_t column = 0;
        const wire::ArmOutcome outcome =
            length > 0 ? arm(text, length, &id, &column) : wire::ArmOutcome::armed;
        if (outcome != wire::ArmOutcome::armed) {
            log_line(outcome == wire::ArmOutcome::needs_points
                         ? "THREADFAULT_INJECT: a call needs the points library"
                     : outcome == wire::ArmOutcome::too_many
                         ? "THREADFAULT_INJECT: too many SPECs"
                         : "THREADFAULT_INJECT: malformed SPEC");
        }
        text = newline != nullptr ? newline + 1 : nullptr;
    }
}

void restart_rules_after_fork() noexcept {
    const std::uint32_t limit = rule_limit.load(std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < limit; ++i) {
        Slot& slot = slots[i];
        slot.matched.store(0, std::memory_order_relaxed);
        slot.injected.store(0, std::memory_order_relaxed);
        slot.skipped.store(0, std::memory_order_relaxed);
        slot.readers.store(0, std::memory_order_relaxed);
    }
}

}  // namespace threadfault::shim
