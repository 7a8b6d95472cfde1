#include "wait_queue.hpp"

#include <unistd.h>

#include <climits>

namespace wait_queue {

WaitQueue::WaitQueue(Mode mode, void (*on_chosen)())
    : mode_(mode), on_chosen_(on_chosen), lock_(mode) {
    head_.next = &head_;
    head_.prev = &head_;
}

WaitQueue::Waiter::Waiter(WaitQueue& queue, Kind kind) : queue_(queue) {
    node_.kind = kind;
    node_.tid = gettid();
}

WaitQueue::Waiter::~Waiter() {
    if (queue_.mode_ == Mode::fragile || !linked_) return;
    // Only a thread that is being unwound comes here with its node in the list.
    const Guard guard(queue_);
    unlink(node_);
    if (node_.state == kChosen && node_.kind == Kind::exclusive) queue_.choose(1);
}

void WaitQueue::Waiter::prepare() {
    const Guard guard(queue_);
    node_.state = kWaiting;
    if (linked_) return;
    linked_ = true;
    queue_.link(node_);
}

void WaitQueue::Waiter::sleep() {
    while (node_.state == kWaiting)
        futex_wait(node_.state, kWaiting);
}

void WaitQueue::Waiter::finish() {
    const Guard guard(queue_);
    unlink(node_);
    linked_ = false;
}

void WaitQueue::link(Node& node) {
    Node* const last = head_.prev;
    node.prev = last;
    node.next = &head_;
    last->next = &node;
    head_.prev = &node;
}

void WaitQueue::unlink(Node& node) {
    Node* const before = node.prev;
    Node* const after = node.next;
    before->next = after;
    after->prev = before;
}

// With the lock held. Exclusive waiters are chosen in the order in which they came.
void WaitQueue::choose(int exclusive) {
    Node* next = nullptr;
    for (Node* node = head_.next; node != &head_; node = next) {
        next = node->next;
        if (node->state == kChosen) continue;
        if (node->kind == Kind::exclusive) {
            if (exclusive == 0) continue;
            if (mode_ == Mode::robust && !is_alive(node->tid)) continue;
            --exclusive;
        }
        node->state = kChosen;
        futex_wake(node->state);
    }
}

void WaitQueue::wake_up_nr(int count) {
    const Guard guard(*this);
    choose(count);
}

void WaitQueue::wake_up_all() {
    wake_up_nr(INT_MAX);
}

void WaitQueue::bury(pid_t dead) {
    const Guard guard(*this);
    Node* next = nullptr;
    int passed_on = 0;
    for (Node* node = head_.next; node != &head_; node = next) {
        next = node->next;
        if (node->tid != dead) continue;
        unlink(*node);
        if (node->state == kChosen && node->kind == Kind::exclusive) ++passed_on;
    }
    if (passed_on > 0) choose(passed_on);
}

// With the lock taken over from a dead owner, who may have stopped anywhere: between two stores of
// link or unlink, or after choosing a waiter and before waking it.
void WaitQueue::mend() {
    Node* before = &head_;
    do {
        Node* const node = before->next;
        node->prev = before;
        if (node->state == kChosen) futex_wake(node->state);
        before = node;
    } while (before != &head_);
}

int WaitQueue::waiting() {
    const Guard guard(*this);
    int count = 0;
    for (Node* node = head_.next; node != &head_; node = node->next) {
        if (node->state == kWaiting) ++count;
    }
    return count;
}

std::string WaitQueue::describe() {
    if (!lock_.try_lock()) return "  the lock is taken\n";
    std::string text;
    for (Node* node = head_.next; node != &head_ && node != nullptr; node = node->next) {
        text += "  " + std::to_string(node->tid);
        text += node->state == kChosen ? " chosen" : " waiting";
        if (node->kind == Kind::exclusive) text += ", exclusive";
        text += is_alive(node->tid) ? "\n" : ", DEAD\n";
    }
    lock_.unlock();
    return text.empty() ? "  nobody\n" : text;
}

}  // namespace wait_queue
