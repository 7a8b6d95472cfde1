// One fault request under way: from the first signal to the answer. Used by the helper thread only.
#ifndef THREADFAULT_PRELOAD_ATTEMPT_HPP
#define THREADFAULT_PRELOAD_ATTEMPT_HPP

#include "execute/core.hpp"
#include "execute/silence.hpp"
#include "execute/thread_state.hpp"
#include "preload/agent/stack_room.hpp"
#include "preload/faults/capture.hpp"
#include "preload/faults/victim.hpp"
#include "preload/registry/registry.hpp"
#include "wire/wire.hpp"

#include <cstdint>
#include <new>

namespace threadfault::shim {

// The states, and what each may lead to:
//
//   idle ── begin() ─┬─ signal, demote, what can't be done ─────────────────────────> finished
//                    ├─ thaw ───────> loosening ─── it has noticed ─────────────────> finished
//                    ├─ interrupt ──> poking ────── its handler ran ────────────────> finished
//                    └─ the others ─> (post)
//
//   (post) ─┬─ can't be sent ───────────────────────────────────────────────────────> finished
//           ├─ no slot is free, or no room on the stack ─> resting
//           └─ sent ────────────> posted
//
//   posted ─┬─ Act::misplaced, cramped ─> resting ── after a pause ─────────────────> (post)
//           ├─ Act::looked, first of two > telling ── told() ────────────────────────> (post)
//           ├─ Act::ending, cancelled ──> watching ── it has ended ─────────────────> finished
//           ├─ Act::looked, held, stranger ─────────────────────────────────────────> finished
//           └─ silence: deaf, uninterruptible ──────────────────────────────────────> finished
//
//   finished ── clear() ──> idle
//
// The victim's end leads to finished from every state but telling, which does not look. So does the
// deadline: from resting and telling as refused; from posted as refused if the request could be
// taken back (execute::revoke), else its answer comes in microseconds and is waited for; from
// watching, loosening and poking as pending.
class Attempt {
public:
    // Takes the request up; finished() may be true at once.
    // `findings`: where the victim puts what it finds; its own until finished().
    void begin(const wire::FaultRequest& request, Findings* findings, std::int64_t now) noexcept;

    // Looks how things stand and takes the next step. When not finished, next_look() says when to
    // come again (CLOCK_MONOTONIC, nanoseconds).
    void advance(std::int64_t now) noexcept;

    // Waits a moment for the victim, which mostly answers within microseconds.
    void linger() noexcept;

    // With wire::kFaultTellFrames the victim is looked at first, and nothing more is done to it
    // until told() says that its client knows what was found.
    bool wants_to_tell() const noexcept { return step_ == Step::telling; }
    const std::uint64_t* frames() const noexcept { return task_.findings->frames; }
    std::uint32_t frame_count() const noexcept { return task_.frame_count; }
    void told(std::int64_t now) noexcept;

    bool active() const noexcept { return step_ != Step::idle; }
    bool finished() const noexcept { return step_ == Step::finished; }
    std::int64_t next_look() const noexcept { return next_look_; }
    const wire::FaultReply& reply() const noexcept { return reply_; }
    wire::Fault fault() const noexcept { return request_.fault; }
    // As it was when the request came; serial 0: made by libc.
    const wire::ThreadRecord& victim() const noexcept { return victim_; }
    void clear() noexcept { step_ = Step::idle; }

    // The client has gone: take back what has not begun.
    void give_up(std::int64_t now) noexcept;

private:
    enum class Step : std::uint8_t {
        idle,
        resting,    // not posted: the next try comes at next_look_
        posted,     // the victim has been signalled, or runs our handler
        telling,    // the victim was looked at; told() goes on
        watching,   // the victim is ending, or has a cancellation to act on
        loosening,  // the victim was let go, and is about to notice
        poking,     // an interrupt was sent
        finished,
    };

    void start(std::int64_t now) noexcept;
    void judge() noexcept;
    void send_signal() noexcept;
    void cancel(std::int64_t now) noexcept;
    void watch_cancelled(std::int64_t now) noexcept;
    void interrupt(std::int64_t now) noexcept;
    void thaw(std::int64_t now) noexcept;
    void demote() noexcept;
    void advance_loosening(std::int64_t now) noexcept;
    void advance_poking(std::int64_t now) noexcept;
    void come_again(std::int64_t now) noexcept;
    void try_again(std::int64_t now) noexcept;
    void post(std::int64_t now) noexcept;
    void advance_posted(std::int64_t now) noexcept;
    void victim_answered(std::int64_t now) noexcept;
    void advance_watching(std::int64_t now) noexcept;
    void judge_silence(std::int64_t now) noexcept;
    void victim_ended() noexcept;
    bool has_ended() noexcept;
    void rest(std::int64_t now) noexcept;
    void rest_until_roomy(const wire::StackRoom& room, std::int64_t now) noexcept;
    void out_of_time(std::int64_t now) noexcept;
    void finish(wire::FaultOutcome outcome, wire::Reason reason = wire::Reason::none) noexcept;
    wire::Reason why_silent() const noexcept;
    wire::Reason why_pending() const noexcept;

    static constexpr std::int64_t kFirstPause = 100'000;
    // Of all captures under way: when the last victim answered one. Its fellows are not silent yet.
    static std::int64_t crowd_heard_ns_;

    Step step_ = Step::idle;
    bool looks_first_ = false;
    bool cramped_ = false;  // at the last try: reply_.room says how
    wire::FaultRequest request_{};
    wire::FaultReply reply_{};
    wire::ThreadRecord victim_{};
    Record* record_ = nullptr;  // of the victim; nullptr: made by libc
    std::uint64_t serial_ = 0;
    execute::Ticket ticket_{};
    VictimTask task_{};
    execute::ExitWatch death_{0, 0, 0};
    execute::Silence silence_{};
    std::int64_t arrived_ns_ = 0;
    std::int64_t posted_ns_ = 0;
    std::int64_t deadline_ns_ = 0;
    std::int64_t next_look_ = 0;
    std::int64_t pause_ns_ = 0;
    std::int64_t next_judgement_ns_ = 0;
    std::uint32_t interrupts_before_ = 0;
};

}  // namespace threadfault::shim

#endif  // THREADFAULT_PRELOAD_ATTEMPT_HPP
