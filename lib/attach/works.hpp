// The fault requests under way on an attached target, and the faults in force there: each step is
// taken when its time has come.
#ifndef THREADFAULT_ATTACH_WORKS_HPP
#define THREADFAULT_ATTACH_WORKS_HPP

#include "attach/attachment.hpp"
#include "drive/faults/by_kernel.hpp"
#include "observe/process.hpp"
#include "wire/wire.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace threadfault::attach {

class Works {
public:
    using Clock = std::chrono::steady_clock;
    // Called once for each request, when its outcome is known.
    using Answer = std::function<void(int client, const wire::FaultRequest& request,
                                      const wire::FaultReply& reply)>;

    Works(const observe::Process& process, Attachment& attachment, Answer answer);

    void begin(int client, const wire::FaultRequest& request);
    void forget_client(int client);
    // What is due; when to come again.
    Clock::time_point step();

    // Writes into its record what is in force on the thread, and what remains of it.
    void tell_in_force(const ThreadKey& key, wire::ThreadRecord* record) const;
    bool idle() const;  // nothing under way, nothing in force
    // Everything but what is held is undone, and no longer done.
    void end_all();

private:
    struct Work {
        int client = -1;
        wire::FaultRequest request;
        ThreadKey key;
        Clock::time_point begin;
        Clock::time_point deadline;
        Clock::time_point next;
        std::chrono::microseconds pause{500};
        bool acted = false;
        std::uint32_t attempts = 0;
        Attempt last;
    };
    struct Slowness {
        unsigned percent = 0;
        std::optional<Clock::time_point> until;
        bool holding = false;
        Clock::time_point next;
    };

    Attempt attempt(Work& work);
    Attempt attempt_direct(const Work& work);
    Attempt thaw(const ThreadKey& key);
    bool step(Work& work);  // true: it is answered
    void finish(const Work& work, wire::FaultOutcome outcome, wire::Reason reason);
    void run_slowness(const ThreadKey& key, Slowness& slow, Clock::time_point now);
    std::uint64_t start_of(pid_t tid) const;
    std::uint32_t in_force(const ThreadKey& key) const;  // wire::kInForce...

    const observe::Process& process_;
    Attachment& attachment_;
    Answer answer_;
    std::vector<Work> works_;
    std::map<ThreadKey, Clock::time_point> releases_;  // of what is held for a time
    std::map<ThreadKey, Slowness> slow_;
    struct Demoted {
        drive::Priority before;
        std::optional<Clock::time_point> until;
    };
    std::map<ThreadKey, Demoted> demoted_;
    std::map<ThreadKey, bool> cancelled_;
};

}  // namespace threadfault::attach

#endif  // THREADFAULT_ATTACH_WORKS_HPP
