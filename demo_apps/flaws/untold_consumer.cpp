// The producer of a queue ends without closing it: the consumer waits for items that nobody will
// ever send. Corrected, the queue is closed however the producer ends, and the program ends with 0.
#include "flaw.hpp"

#include <deque>

pthread_mutex_t queue_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t queue_changed = PTHREAD_COND_INITIALIZER;
std::deque<unsigned> queue;  // guarded by queue_mutex, as is queue_closed
bool queue_closed = false;

namespace {

void close_queue() {
    const flaw::Lock lock(queue_mutex);
    queue_closed = true;
    pthread_cond_broadcast(&queue_changed);
}

#ifdef FIXED
struct CloseAtEnd {
    ~CloseAtEnd() { close_queue(); }
};
#endif

void* producer(void* /*unused*/) {
#ifdef FIXED
    const CloseAtEnd closer;
#endif
    for (unsigned item = 1; item != 0; ++item) {
        flaw::nap(2);
        const flaw::Lock lock(queue_mutex);
        queue.push_back(item);
        pthread_cond_signal(&queue_changed);
    }
#ifndef FIXED
    close_queue();
#endif
    return nullptr;
}

void* consumer(void* /*unused*/) {
    for (;;) {
        unsigned item = 0;
        {
            const flaw::Lock lock(queue_mutex);
            while (queue.empty() && !queue_closed)
                pthread_cond_wait(&queue_changed, &queue_mutex);
            if (queue.empty()) return nullptr;
            item = queue.front();
            queue.pop_front();
        }
        flaw::compute(item);
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "a consumer that works until its producer closes the queue");
    const pthread_t threads[] = {flaw::start("producer", producer),
                                 flaw::start("consumer", consumer)};
    flaw::ready();
    for (const pthread_t thread : threads)
        pthread_join(thread, nullptr);
}
