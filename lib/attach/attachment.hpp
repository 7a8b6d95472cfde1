// A process that is a target without a shim: the region in it, and what is done to its threads.
#ifndef THREADFAULT_ATTACH_ATTACHMENT_HPP
#define THREADFAULT_ATTACH_ATTACHMENT_HPP

#include "attach/facts.hpp"
#include "attach/places.hpp"
#include "observe/attach_region.hpp"
#include "observe/process.hpp"
#include "wire/wire.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::attach {

// What one attempt at a thread has led to.
struct Attempt {
    enum class Kind : std::uint8_t {
        acted,    // the fault is under way: a death has yet to be seen
        again,    // not here, or not now: another attempt may go better
        refused,  // no attempt will
        gone,     // no such thread
    };
    Kind kind = Kind::acted;
    wire::Reason reason{};
    wire::Place place{};
    std::uint32_t cancel = wire::kCancelUnknown;
    std::vector<std::uint64_t> frames{};
    wire::StackRoom room{};  // of no_stack_room
};

// A thread, by its id and by when it began.
struct ThreadKey {
    pid_t tid = 0;
    std::uint64_t start_ticks = 0;
    auto operator<=>(const ThreadKey&) const = default;  // NOLINT(modernize-use-nullptr)
};

class Attachment {
public:
    // Puts the region there, or takes over the one that a guardian has left. Throws as learn(), and
    // Error{agent_silent} when no thread can be borrowed for it.
    explicit Attachment(const observe::Process& process);

    // Attempts. `anywhere`: not only at a safe place.
    Attempt vanish(const ThreadKey& thread, bool anywhere);
    Attempt exit(const ThreadKey& thread, bool anywhere);
    Attempt cancel(const ThreadKey& thread, bool asynchronous, bool anywhere);
    Attempt interrupt(const ThreadKey& thread);
    // freeze, delay, spin: the thread stands in the region until it is released.
    Attempt hold(const ThreadKey& thread, wire::Fault how);
    // `reason` not_in_force: nothing held it.
    Attempt release(const ThreadKey& thread);
    bool is_held(const ThreadKey& thread) const { return held_.contains(thread); }
    std::optional<wire::Fault> holds(const ThreadKey& thread) const;
    std::vector<ThreadKey> held() const;

    // Lets all go and takes the region away. False: not yet, a thread could not be reached.
    bool leave();
    // The process has become another program, which has no region: nothing is left to do.
    bool is_lost() const;

    const Facts& facts() const noexcept { return facts_; }
    // Forgets what has ended.
    void forget_dead();

private:
    struct Borrowing {
        std::unique_ptr<BorrowedThread> thread;
        Attempt failure;
    };
    struct Held {
        std::size_t slot = 0;
        wire::Fault how{};
    };
    Borrowing borrow(const ThreadKey& key,
                     BorrowedThread::For what = BorrowedThread::For::a_moment);
    Places& places();
    // Where it is to be taken from: its registers, or those that it stands aside with.
    arch::Traced base_of(const ThreadKey& key, const BorrowedThread& thread,
                         std::uint64_t* mask) const;
    // Fills in what is known of the place; false: not a place to end it at.
    bool may_end_at(const arch::Traced& registers, const BorrowedThread& thread, bool anywhere,
                    Attempt* attempt);
    bool waits_in_cancellation_point(const arch::Traced& base, const BorrowedThread& thread) const;
    wire::StackRoom room_below(std::uint64_t stack_pointer) const;
    bool end_by_exit(const ThreadKey& key, BorrowedThread& thread, std::uint64_t value,
                     std::uint64_t room);
    void make_region();
    void take_over(std::uint64_t region);
    bool run_in_some_thread(const std::function<bool(BorrowedThread&)>& act);
    std::optional<observe::HeldThread> read_slot(std::size_t number) const;
    void free_slot(const ThreadKey& key);

    const observe::Process& process_;
    const observe::Memory memory_;
    Facts facts_;
    std::uint64_t region_ = 0;
    std::map<ThreadKey, Held> held_;
    std::vector<bool> used_ = std::vector<bool>(observe::kMostHeldThreads);
    std::optional<Places> places_;
    std::chrono::steady_clock::time_point places_made_;
};

}  // namespace threadfault::attach

#endif  // THREADFAULT_ATTACH_ATTACHMENT_HPP
