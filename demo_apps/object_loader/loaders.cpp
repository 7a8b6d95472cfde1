#include "loaders.hpp"

#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <thread>

namespace object_loader {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

thread_local bool t_is_loader = false;

}  // namespace

Loaders::Loaders(Table& table, unsigned bound, bool stay, Load load)
    : table_(table),
      stay_(stay),
      load_(std::move(load)),
      slots_(std::make_shared<std::vector<Slot>>(bound)) {
    sem_init(&work_, 0, 0);
    if (stay_) start_thread(*take_slot());
}

Loaders::~Loaders() {
    stopping_ = true;
    sem_post(&work_);
    for (Slot& slot : *slots_) {
        while (slot.thread != 0 && !give_up(slot))
            std::this_thread::sleep_for(milliseconds(1));
    }
    { const Table::Lock last_one_out(table_); }
    sem_destroy(&work_);
}

bool Loaders::is_loader_thread() {
    return t_is_loader;
}

void Loaders::work_has_come() {
    if (stay_) {
        sem_post(&work_);
        return;
    }
    Slot* slot = nullptr;
    {
        const Table::Lock lock(table_);
        if (!table_.queue_is_empty()) slot = take_slot();
    }
    if (slot != nullptr) start_thread(*slot);
}

Loaders::Slot* Loaders::take_slot() {
    for (Slot& slot : *slots_) {
        if (slot.thread != 0) continue;
        slot.since = Clock::now();
        slot.thread = kStarting;
        return &slot;
    }
    return nullptr;
}

void Loaders::start_thread(Slot& slot) {
    try {
        std::thread([this, slots = slots_, &slot] {
            pid_t expected = kStarting;
            // Else it was so late that its slot was thought lost, and given to another; or all of
            // this object has gone but the slots, which it keeps for that look.
            if (slot.thread.compare_exchange_strong(expected, gettid())) run(slot);
        }).detach();
    } catch (const std::system_error&) {
        // No thread to be had: the load costs the one who asked for it some time.
        do
            load_next();
        while (leave(slot));
    }
}

void Loaders::run(Slot& slot) {
    pthread_setname_np(pthread_self(), "loader");
    t_is_loader = true;
    ++created_;
    const unsigned now = ++running_;
    for (unsigned peak = peak_; peak < now && !peak_.compare_exchange_weak(peak, now);) {
    }
    if (stay_)
        run_staying();
    else
        load_next();
    --running_;
    if (leave(slot)) start_thread(slot);
}

void Loaders::run_staying() {
    while (!stopping_) {
        while (!stopping_ && load_next()) {
        }
        if (!stopping_) sem_wait(&work_);
    }
}

bool Loaders::load_next() {
    Id id = 0;
    {
        const Table::Lock lock(table_);
        if (!table_.claim_next(&id)) return false;
    }
    load_(id);
    return true;
}

bool Loaders::leave(Slot& slot) {
    const Table::Lock lock(table_);
    if (stopping_ || table_.queue_is_empty()) {
        slot.thread = 0;
        return false;
    }
    slot.since = Clock::now();
    slot.thread = kStarting;
    return true;
}

bool Loaders::is_lost(const Slot& slot) const {
    const pid_t thread = slot.thread;
    if (thread == kStarting) return Clock::now() - slot.since.load() > milliseconds(500);
    return thread != 0 && is_gone(thread);
}

// True: nobody will use this slot any more. Whoever was taken for lost and is only late finds his
// place gone, and leaves.
bool Loaders::give_up(Slot& slot) const {
    if (!is_lost(slot)) return false;
    pid_t starting = kStarting;
    return slot.thread != kStarting || slot.thread.compare_exchange_strong(starting, 0);
}

// The table is looked at too, not only the slots: a dead thread's id may belong to a living one by
// now, and its slot then seems to be in order, until that one has gone as well.
unsigned Loaders::replace_lost() {
    unsigned lost = 0;
    std::vector<Slot*> restart;
    {
        const Table::Lock lock(table_);
        for (Slot& slot : *slots_) {
            if (!is_lost(slot)) continue;
            ++lost;
            if (slot.thread != kStarting) --running_;
            slot.thread = 0;
        }
        if (lost == 0 && !table_.has_orphans()) return 0;
        table_.repair();
        for (unsigned i = 0; i < std::max(lost, 1U); ++i)
            if (Slot* slot = take_slot()) restart.push_back(slot);
    }
    for (Slot* slot : restart)
        start_thread(*slot);
    return lost;
}

}  // namespace object_loader
