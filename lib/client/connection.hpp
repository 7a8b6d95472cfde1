// One connection to the agent of one process.
//
// Every call throws threadfault::Error: no_agent (4) with the reason, not_permitted (5),
// target_died (7) when the process ends while it is asked, no_effect (6, code "target_stopped" or
// "agent_silent") when the agent does not answer by its deadline. Not thread-safe.
#ifndef THREADFAULT_CLIENT_CONNECTION_HPP
#define THREADFAULT_CLIENT_CONNECTION_HPP

#include "client/silent_ends.hpp"
#include "observe/process.hpp"
#include "threadfault/error.hpp"
#include "wire/wire.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace threadfault::client {

using Clock = std::chrono::steady_clock;

// The process has no agent, or one that gives no answer: what /proc tells is all there is.
[[nodiscard]] bool means_no_answer(ErrorCode code) noexcept;

class Connection {
public:
    // `process` must outlive the connection. Finds the socket through the process's own root
    // directory and checks that the listener is that very process; or that of the guardian that
    // has attached to it, which must be ours, root's or, for root, the process's user's.
    explicit Connection(const observe::Process& process);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Called for a process that has no agent: true means that it has been attached to. For the
    // whole program.
    using AttachIfAbsent = std::function<bool(const observe::Process&)>;
    static void set_attach_if_absent(AttachIfAbsent attach);

    // The guardian that has attached to the process; 0: it has an agent of its own.
    pid_t guardian() const noexcept { return guardian_; }

    // Done once, while the next answer is waited for: an agent takes a while to wake.
    void meanwhile(std::function<void()> work) { meanwhile_ = std::move(work); }

    wire::HelloReply hello();

    // Records of the threads whose name matches (""; all), or of one tid (0: all). Tids are the
    // target's own.
    std::vector<wire::ThreadRecord> list(std::string_view name_glob = {}, pid_t inner_tid = 0);

    // Sends and does not wait; returns the number that the reply will carry. header.* of `request`
    // is filled in here.
    std::uint32_t send(wire::FaultRequest request);

    // The next reply to any fault that was sent: std::nullopt at the deadline. What comes before,
    // where kFaultTellFrames was asked for, is handed to `take`.
    using TakeFrames = std::function<void(std::uint32_t request, std::vector<std::uint64_t>)>;
    std::optional<wire::FaultReply> receive_fault(Clock::time_point deadline,
                                                  const TakeFrames& take = {});

    // Registers and stacks of threads, captured on them. Sends and does not wait; `targets` are
    // kMostCaptures at most. Numbers them one after the other, over all calls, and returns the
    // first number.
    std::uint32_t send_captures(std::span<const wire::CaptureTarget> targets,
                                std::chrono::nanoseconds wait);
    struct Captured {
        wire::CaptureRecord record;
        std::span<const unsigned char> stack;  // from rsp on; good until the next message
    };
    // The next of them, as many as came together; none at the deadline.
    std::vector<Captured> receive_captures(Clock::time_point deadline);

    // What the agent remembers of the last thread with this tid that has ended.
    std::optional<wire::DeadReply> dead(pid_t inner_tid);
    // Of the last one that vanished asleep on a futex word there, or had its pthread_t there.
    std::optional<wire::DeadReply> dead_sleeper(std::uint64_t begin, std::uint64_t end);

    // Asks for events, and waits until they are on: what happens from then on is received one by
    // one, or counted as lost; std::nullopt at the deadline. Ends that nobody announces are noticed
    // while they are received.
    void follow();
    std::optional<wire::EventReply> receive_event(Clock::time_point deadline);

    // Call faults: one more (its text is at most kSpecSize - 1 bytes), all that are armed, none.
    // The reply to arm() may be a refusal.
    wire::ArmReply arm(std::string_view text);
    std::vector<wire::SpecRecord> specs();
    std::uint32_t disarm();

    // True when the agent's end is closed: within `patience`, as the process or the agent ended.
    bool hung_up(std::chrono::milliseconds patience);
    // Says that nothing more will be asked, and waits until the agent's end is closed. A guardian
    // that goes with its last client has let the process go by then. False: not yet.
    bool leave(std::chrono::milliseconds patience);

    // Is the process stopped (SIGSTOP, a debugger)? Then its agent can't answer.
    bool is_stopped() const;

    // The tid as the target's pid namespace numbers it, and back; the same number where the target
    // shares our namespace. 0: no such thread.
    pid_t inner_tid(pid_t tid) const;
    pid_t outer_tid(pid_t inner) const;

    const std::string& socket_path() const noexcept { return path_; }
    const observe::TaskStatus& status() const noexcept { return status_; }

private:
    bool try_connect(const std::string& path, bool to_guardian = false);
    bool try_guardian();
    void send_message(const void* message, std::size_t length);
    // Receives one packet into buffer_: its length, or 0 at the deadline.
    std::size_t receive(Clock::time_point deadline);
    // Sends the request and returns its reply: of the type and size that it must have. Where `rest`
    // is asked for, records may follow it: good until the next message.
    template <typename Reply, typename Request>
    Reply ask(Request request, std::span<const unsigned char>* rest = nullptr);
    // All pages of a list. An agent that promises more without bringing any, or brings more than
    // `limit` says there can be, is not believed.
    template <typename Reply, typename Record, typename Request>
    std::vector<Record> ask_for_pages(Request request, const std::function<std::size_t()>& limit);
    // The reply of this type to this request: its length.
    std::size_t expect(wire::Type type, std::uint32_t request);
    // The packet in the buffer as a message that consists of nothing else.
    template <typename Message>
    Message whole(std::size_t length) const;
    wire::Header header() const;
    void check(std::size_t length) const;
    std::vector<std::uint64_t> told_frames(std::size_t length) const;
    void ask_about_silent_ends();
    void note(const wire::EventReply& event);
    void read_farewell();
    void make_buffer();
    [[noreturn]] void lost() const;
    [[noreturn]] void silent() const;
    void explain_by_few_files() const;
    [[noreturn]] void odd() const;  // an answer that no agent of this version gives

    const observe::Process& process_;
    observe::TaskStatus status_;
    bool nested_namespace_ = false;
    bool denied_ = false;  // a candidate could not be reached for want of permission
    int fd_ = -1;
    pid_t guardian_ = 0;
    std::uint32_t next_request_ = 1;
    std::uint32_t next_capture_ = 0;
    // What was sent and not answered yet; of a fault, whether frames were told. An answer to
    // anything else is not handed on, so no agent can make a caller wait or collect for ever.
    std::unordered_map<std::uint32_t, bool> open_faults_;
    std::unordered_set<std::uint32_t> open_captures_;
    std::optional<SilentEnds> silent_ends_;  // while events are followed
    std::function<void()> meanwhile_;
    std::string path_;
    std::unique_ptr<unsigned char[]> buffer_;  // kMaxMessage bytes, left untouched until used
    mutable std::unordered_map<pid_t, pid_t> outer_tids_;
    mutable Clock::duration fruitless_{};  // spent in looking for threads that don't exist
    Clock::time_point connected_at_ = Clock::now();
};

}  // namespace threadfault::client

#endif  // THREADFAULT_CLIENT_CONNECTION_HPP
