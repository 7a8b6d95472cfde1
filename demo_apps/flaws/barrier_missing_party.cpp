// Workers meet at a barrier after every step. One that ends is still counted, and the others wait
// for it for ever.
#include "flaw.hpp"

#include <barrier>

namespace {
constexpr int worker_count = 3;
}

#ifdef FIXED
std::barrier<> step_barrier(worker_count);
#else
pthread_barrier_t step_barrier;
#endif

namespace {

#ifdef FIXED
struct LeaveAtEnd {
    ~LeaveAtEnd() { step_barrier.arrive_and_drop(); }
};
#endif

void* worker(void* /*unused*/) {
#ifdef FIXED
    const LeaveAtEnd leave;
#endif
    for (unsigned value = 1;;) {
        value = flaw::compute(value);
        flaw::nap(2);
#ifdef FIXED
        step_barrier.arrive_and_wait();
#else
        pthread_barrier_wait(&step_barrier);
#endif
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "workers that meet at a barrier after every step");
#ifndef FIXED
    pthread_barrier_init(&step_barrier, nullptr, worker_count);
#endif
    pthread_t workers[worker_count];
    for (pthread_t& thread : workers)
        thread = flaw::start("worker", worker);
    flaw::ready();
    for (const pthread_t thread : workers)
        pthread_join(thread, nullptr);
}
