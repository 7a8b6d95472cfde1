// What the wait queues are used for: clients put requests into slots and wait for the answers;
// workers wait for requests. Two queues: `work` (exclusive: one worker a request) and `done`.
#ifndef THREADFAULT_DEMO_WAIT_QUEUE_SERVICE_HPP
#define THREADFAULT_DEMO_WAIT_QUEUE_SERVICE_HPP

#include <atomic>
#include <cstdint>
#include <vector>

#include "wait_queue.hpp"

namespace wait_queue {

struct Options {
    Mode mode = Mode::fragile;
    int workers = 4;
    int clients = 1;
    int batch = 1;              // requests that a client has out at the same time
    int requests = 0;           // for each client; 0: without end
    int pace_milliseconds = 1;  // pause of a client between two batches
    int dwell_milliseconds = 0;
    int patience_seconds = 5;
};

class Service {
public:
    explicit Service(const Options& options);

    // Bodies of the threads. A client's successor goes on where its predecessor stopped.
    void work();
    void be_client(int client);

    void stop();
    // Undoes what a dead thread left behind; to be called before it is joined.
    void recover(pid_t dead);

    bool workers_wait() { return work_.waiting() == options_.workers; }
    bool client_is_done(int client) const;
    std::uint64_t answered() const;
    // Every answer that clients took was the right one.
    bool answers_are_right() const { return wrong_ == 0; }
    void report();

private:
    enum State : std::uint32_t { kFree, kQueued, kTaken, kAnswered };

    // One word holds a slot's state and owner, so a thread that dies leaves it in a valid state.
    struct Slot {
        std::atomic<std::uint64_t> word{kFree};
        std::uint64_t question = 0;
        std::uint64_t answer = 0;
    };

    static std::uint64_t taken_by(pid_t tid);
    static State state_of(const Slot& slot);
    bool any_queued() const;
    bool batch_is_answered(int client) const;
    void serve_one();
    void submit(int client, int count);
    void collect(int client, int count);
    int out_now(int client) const;
    Slot& slot(int client, int index);
    const Slot& slot(int client, int index) const;

    const Options options_;
    WaitQueue work_;
    WaitQueue done_;
    std::vector<Slot> slots_;
    std::vector<std::atomic<std::uint64_t>> collected_;  // for each client
    std::atomic<std::uint64_t> wrong_{0};
    std::atomic<bool> stop_{false};
};

}  // namespace wait_queue

#endif  // THREADFAULT_DEMO_WAIT_QUEUE_SERVICE_HPP
