// The consumer waits for the condition with "if" where "while" is needed: a wait that returns for
// nothing makes it take an item from an empty queue.
#include "flaw.hpp"

#include <deque>

pthread_mutex_t queue_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t queue_filled = PTHREAD_COND_INITIALIZER;
std::deque<unsigned> queue;  // guarded by queue_mutex

namespace {

unsigned take() {
    const flaw::Lock lock(queue_mutex);
#ifdef FIXED
    while (queue.empty())
#else
    if (queue.empty())
#endif
        pthread_cond_wait(&queue_filled, &queue_mutex);
    if (queue.empty()) flaw::corrupt("an item was taken from an empty queue");
    const unsigned item = queue.front();
    queue.pop_front();
    return item;
}

void* consumer(void* /*unused*/) {
    for (;;)
        flaw::compute(take());
}

void* producer(void* /*unused*/) {
    for (unsigned item = 1;; ++item) {
        flaw::nap(5);
        const flaw::Lock lock(queue_mutex);
        queue.push_back(item);
        pthread_cond_signal(&queue_filled);
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "a consumer that waits for its queue without a loop");
    const pthread_t threads[] = {flaw::start("consumer", consumer),
                                 flaw::start("producer", producer)};
    flaw::ready();
    for (const pthread_t thread : threads)
        pthread_join(thread, nullptr);
}
