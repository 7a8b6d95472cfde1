// What is known of every object, and the queue of those that are to be loaded, under one lock.
#ifndef OBJECT_LOADER_TABLE_HPP
#define OBJECT_LOADER_TABLE_HPP

#include <pthread.h>
#include <sys/types.h>

#include <atomic>
#include <vector>

#include "object.hpp"

namespace object_loader {

enum class State : int { absent, queued, loading, loaded, ready, failed };

// True: the kernel no longer knows that thread of this process.
bool is_gone(pid_t thread);

struct Entry {
    // absent → queued → loading → loaded (published) → ready (its hook has run)
    std::atomic<State> state{State::absent};
    std::atomic<pid_t> loader{0};  // valid in loading and loaded
    std::atomic<const Object*> object{nullptr};
    bool in_queue = false;
};

// All changes of the table leave it such that repair() can tell from the entries alone what is to
// be done: so it holds only fixed arrays, and no container that a death could tear.
class Table {
public:
    Table(Id size, bool robust);
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;
    ~Table();

    // The table's lock, to be held for all that follows where nothing else is said. A robust lock
    // passes to the next who wants it when its owner dies, and the table is repaired first.
    class Lock {
    public:
        explicit Lock(Table& table);
        Lock(const Lock&) = delete;
        Lock& operator=(const Lock&) = delete;
        ~Lock();

    private:
        Table& table_;
    };

    void enqueue(Id id);
    // Makes the calling thread the loader of the longest waiting object; false: there is none.
    bool claim_next(Id* id);
    // The same for one object, if nobody has begun with it.
    bool claim(Id id);
    bool queue_is_empty() const { return head_ == tail_; }
    // Takes everything from loaders that are gone and puts it into the queue again.
    void repair();
    bool has_orphans() const;  // without the lock
    unsigned locks_inherited() const { return locks_inherited_; }

    // These three without the lock.
    Entry& entry(Id id) { return entries_[id]; }
    Id size() const { return static_cast<Id>(entries_.size()); }
    void set_state(Id id, State state);
    // Waits until the object is ready; null if it could not be loaded.
    const Object* wait_for(Id id);

private:
    pthread_mutex_t mutex_;
    std::vector<Entry> entries_;
    std::vector<Id> ring_;
    std::uint64_t head_ = 0;
    std::uint64_t tail_ = 0;
    std::atomic<unsigned> locks_inherited_{0};
};

}  // namespace object_loader

#endif  // OBJECT_LOADER_TABLE_HPP
