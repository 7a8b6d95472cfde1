#include "table.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace object_loader {

bool is_gone(pid_t thread) {
    return syscall(SYS_tgkill, getpid(), thread, 0) < 0 && errno == ESRCH;
}

namespace {

// Begun by somebody who can't go on. The state is read again because a loader may finish and end
// between the first two looks; once it is gone, nobody changes the state but under the lock.
bool is_orphan(const Entry& entry) {
    const State state = entry.state;
    return (state == State::loading || state == State::loaded) && is_gone(entry.loader) &&
           entry.state == state;
}

}  // namespace

Table::Table(Id size, bool robust) : entries_(size), ring_(size) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    if (robust) pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex_, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

Table::~Table() {
    for (Entry& entry : entries_)
        delete entry.object.load();
    pthread_mutex_destroy(&mutex_);
}

Table::Lock::Lock(Table& table) : table_(table) {
    const int error = pthread_mutex_lock(&table_.mutex_);
    if (error == EOWNERDEAD) {
        ++table_.locks_inherited_;
        table_.repair();
        pthread_mutex_consistent(&table_.mutex_);
    } else if (error != 0) {
        throw std::system_error(error, std::generic_category(), "the table's lock");
    }
}

Table::Lock::~Lock() {
    pthread_mutex_unlock(&table_.mutex_);
}

void Table::enqueue(Id id) {
    Entry& entry = entries_[id];
    entry.state = State::queued;
    if (entry.in_queue) return;
    entry.in_queue = true;
    ring_[tail_ % ring_.size()] = id;
    ++tail_;
}

bool Table::claim_next(Id* id) {
    while (head_ != tail_) {
        *id = ring_[head_ % ring_.size()];
        ++head_;
        entries_[*id].in_queue = false;
        if (claim(*id)) return true;  // else somebody was quicker, without the queue
    }
    return false;
}

bool Table::claim(Id id) {
    Entry& entry = entries_[id];
    if (entry.state != State::absent && entry.state != State::queued) return false;
    entry.loader = gettid();  // first: what is being loaded always has a loader
    entry.state = State::loading;
    return true;
}

void Table::repair() {
    head_ = tail_ = 0;
    for (Entry& entry : entries_)
        entry.in_queue = false;
    for (Id id = 0; id < size(); ++id) {
        Entry& entry = entries_[id];
        if (entry.state == State::queued || is_orphan(entry)) enqueue(id);
        entry.state.notify_all();  // the dead one may have changed it and not said so
    }
}

bool Table::has_orphans() const {
    return std::any_of(entries_.begin(), entries_.end(), is_orphan);
}

void Table::set_state(Id id, State state) {
    entries_[id].state = state;
    entries_[id].state.notify_all();
}

const Object* Table::wait_for(Id id) {
    Entry& entry = entries_[id];
    State state{};
    while ((state = entry.state) != State::ready && state != State::failed)
        entry.state.wait(state);
    return state == State::ready ? entry.object.load() : nullptr;
}

}  // namespace object_loader
