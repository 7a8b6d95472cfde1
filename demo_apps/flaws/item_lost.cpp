// A worker takes an item out of the queue and then works on it. If it ends in the middle, nobody
// has the item any more: the others finish the queue, and the sum is short.
#include "flaw.hpp"

#include <deque>

pthread_mutex_t queue_mutex = PTHREAD_MUTEX_INITIALIZER;
std::deque<unsigned> queue;  // guarded by queue_mutex
unsigned long sum = 0;       // likewise

namespace {

class Taken {
public:
    explicit Taken(unsigned item) : item_(item) {}
    ~Taken() {
#ifdef FIXED
        if (done_) return;
        const flaw::Lock lock(queue_mutex);
        queue.push_front(item_);
#endif
    }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;

    void work() {
        flaw::nap(1);
        const flaw::Lock lock(queue_mutex);
        sum += item_;
        done_ = true;
    }

private:
    unsigned item_;
    bool done_ = false;
};

// 0: there is none.
unsigned next_item() {
    const flaw::Lock lock(queue_mutex);
    if (queue.empty()) return 0;
    const unsigned item = queue.front();
    queue.pop_front();
    return item;
}

void* worker(void* /*unused*/) {
    for (unsigned item = next_item(); item != 0; item = next_item()) {
        Taken taken(item);
        taken.work();
    }
    return nullptr;
}

void work_off() {
    const pthread_t workers[] = {flaw::start("worker", worker), flaw::start("worker", worker)};
    for (const pthread_t thread : workers)
        pthread_join(thread, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "workers that take an item out of the queue before they work on it");
    flaw::ready();
    for (;;) {
        constexpr unsigned kItems = 8;
        sum = 0;
        for (unsigned item = 1; item <= kItems; ++item)
            queue.push_back(item);
        while (!queue.empty())
            work_off();
        if (sum != kItems * (kItems + 1) / 2) flaw::corrupt("an item was not worked on");
    }
}
