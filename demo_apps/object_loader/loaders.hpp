// The threads "loader": one that stays, or one for each load.
#ifndef OBJECT_LOADER_LOADERS_HPP
#define OBJECT_LOADER_LOADERS_HPP

#include <semaphore.h>

#include <chrono>
#include <functional>
#include <memory>

#include "table.hpp"

namespace object_loader {

class Loaders {
public:
    using Load = std::function<void(Id)>;

    // `stay`: a thread takes one load after the other; else it ends after one. At most `bound`
    // threads at any time.
    Loaders(Table& table, unsigned bound, bool stay, Load load);
    Loaders(const Loaders&) = delete;
    Loaders& operator=(const Loaders&) = delete;
    ~Loaders();

    // Call it after something was put into the queue, without the table's lock.
    void work_has_come();
    // Gives what threads that are gone had begun to others; returns how many are gone.
    unsigned replace_lost();

    static bool is_loader_thread();
    unsigned created() const { return created_; }
    unsigned peak() const { return peak_; }

private:
    // A place for one thread. Taken and left under the table's lock.
    struct Slot {
        std::atomic<pid_t> thread{0};  // 0: free; kStarting
        std::atomic<std::chrono::steady_clock::time_point> since;
    };
    static constexpr pid_t kStarting = -1;

    Slot* take_slot();
    void start_thread(Slot& slot);
    void run(Slot& slot);
    void run_staying();
    bool load_next();
    // True: there is more to do, and the slot is kept for the next thread.
    bool leave(Slot& slot);
    bool is_lost(const Slot& slot) const;
    bool give_up(Slot& slot) const;

    Table& table_;
    const bool stay_;
    const Load load_;
    sem_t work_;
    std::atomic<bool> stopping_{false};
    std::shared_ptr<std::vector<Slot>> slots_;
    std::atomic<unsigned> created_{0};
    std::atomic<unsigned> running_{0};
    std::atomic<unsigned> peak_{0};
};

}  // namespace object_loader

#endif  // OBJECT_LOADER_LOADERS_HPP
