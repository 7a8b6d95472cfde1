// A wait queue after the kernel's (linux/wait.h): a head with a lock, and a list of waiters that
// live on the stacks of the threads that wait. Nothing is allocated.
//
// A wakeup wakes every non-exclusive waiter and a given number of exclusive ones; a chosen waiter
// stays in the list until its owner takes it out. What happens when the owner can't is the
// difference between the two modes:
//
//                       fragile                       robust
//   owner unwinds       node stays linked             taken out by its destructor
//   … after choice      the wakeup is lost            passed on to another waiter
//   owner vanishes      is chosen, sleeps for ever    wakeups pass over it; bury() takes it out
//   … with the lock     everybody waits for ever      the list is mended by the next owner
#ifndef THREADFAULT_DEMO_WAIT_QUEUE_WAIT_QUEUE_HPP
#define THREADFAULT_DEMO_WAIT_QUEUE_WAIT_QUEUE_HPP

#include <string>

#include "futex.hpp"
#include "queue_lock.hpp"

namespace wait_queue {

enum class Kind { all, exclusive };

class WaitQueue {
public:
    // `on_chosen` runs on a waiter that was woken and is still in the list; may be null.
    explicit WaitQueue(Mode mode, void (*on_chosen)() = nullptr);
    WaitQueue(const WaitQueue&) = delete;
    WaitQueue& operator=(const WaitQueue&) = delete;

    // Sleeps until the condition holds. Whoever makes it true must call a wake_up afterwards.
    // A cancellation point.
    template <typename Condition>
    void wait_event(Kind kind, Condition condition);

    // Wakes all waiters of Kind::all, and one, `count`, or all exclusive ones.
    void wake_up() { wake_up_nr(1); }
    void wake_up_nr(int count);
    void wake_up_all();

    // Takes out what a dead thread left, and passes on a wakeup that it was chosen for. To be
    // called before the thread is joined, because that frees the stack that the waiter is on.
    void bury(pid_t dead);

    // How many wait and were not chosen.
    int waiting();
    // For a report: who waits? Does not wait for the lock.
    std::string describe();

private:
    static constexpr std::uint32_t kWaiting = 0;
    static constexpr std::uint32_t kChosen = 1;

    // `next` alone decides what is in the list, and each change to it is one store: whenever its
    // owner dies, `prev` can be made anew from it.
    struct Node {
        std::atomic<Node*> next{nullptr};
        std::atomic<Node*> prev{nullptr};
        FutexWord state{kWaiting};
        Kind kind = Kind::all;
        pid_t tid = 0;
    };

    // A node in the list, for as long as its thread waits.
    class Waiter {
    public:
        Waiter(WaitQueue& queue, Kind kind);
        // Robust: also when the thread is unwound by cancellation.
        ~Waiter();
        Waiter(const Waiter&) = delete;
        Waiter& operator=(const Waiter&) = delete;

        void prepare();
        void sleep();
        void finish();

    private:
        WaitQueue& queue_;
        Node node_;
        bool linked_ = false;
    };

    class Guard {
    public:
        explicit Guard(WaitQueue& queue) : queue_(queue) {
            if (queue.lock_.lock()) queue.mend();
        }
        ~Guard() { queue_.lock_.unlock(); }
        Guard(const Guard&) = delete;
        Guard& operator=(const Guard&) = delete;

    private:
        WaitQueue& queue_;
    };

    void link(Node& node);
    static void unlink(Node& node);
    void choose(int exclusive);
    void mend();

    Mode mode_;
    void (*on_chosen_)();
    QueueLock lock_;
    Node head_;
};

template <typename Condition>
void WaitQueue::wait_event(Kind kind, Condition condition) {
    if (condition()) return;
    Waiter waiter(*this, kind);
    while (true) {
        // Linked first and asked afterwards: a wakeup in between finds the waiter.
        waiter.prepare();
        if (condition()) break;
        waiter.sleep();
        if (on_chosen_ != nullptr) on_chosen_();
    }
    waiter.finish();
}

}  // namespace wait_queue

#endif  // THREADFAULT_DEMO_WAIT_QUEUE_WAIT_QUEUE_HPP
