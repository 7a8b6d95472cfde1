// sem_wait is called as if it could not fail. A signal interrupts it, and the consumer takes a slot
// of the ring that has not been filled.
#include "flaw.hpp"

#include <semaphore.h>

#include <deque>

sem_t filled;
pthread_mutex_t ring_mutex = PTHREAD_MUTEX_INITIALIZER;
std::deque<unsigned> ring;  // guarded by ring_mutex

namespace {

void wait_for_item() {
#ifdef FIXED
    while (sem_wait(&filled) != 0)
        if (errno != EINTR) flaw::fatal("sem_wait", errno);
#else
    sem_wait(&filled);
#endif
}

void* consumer(void* /*unused*/) {
    for (;;) {
        wait_for_item();
        const flaw::Lock lock(ring_mutex);
        if (ring.empty()) flaw::corrupt("a slot was taken that nobody had filled");
        flaw::compute(ring.front());
        ring.pop_front();
    }
}

void* producer(void* /*unused*/) {
    for (unsigned item = 1;; ++item) {
        flaw::nap(40);
        {
            const flaw::Lock lock(ring_mutex);
            ring.push_back(item);
        }
        sem_post(&filled);
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "a consumer that calls sem_wait as if it could not fail");
    sem_init(&filled, 0, 0);
    const pthread_t threads[] = {flaw::start("consumer", consumer),
                                 flaw::start("producer", producer)};
    flaw::ready();
    for (const pthread_t thread : threads)
        pthread_join(thread, nullptr);
}
