// The item is put into the box, but its consumer is told only after a cancellation point. A
// producer that ends there leaves a full box that nobody will look into; its successor waits for
// the box to be emptied.
#include "flaw.hpp"

#include <fcntl.h>

pthread_mutex_t box_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t box_filled = PTHREAD_COND_INITIALIZER;
pthread_cond_t box_emptied = PTHREAD_COND_INITIALIZER;
unsigned box = 0;  // 0 is empty; guarded by box_mutex
int audit_log = -1;

namespace {

void put(unsigned item) {
    {
        const flaw::Lock lock(box_mutex);
        while (box != 0)
            pthread_cond_wait(&box_emptied, &box_mutex);
        box = item;
#ifdef FIXED
        pthread_cond_signal(&box_filled);
#endif
    }
    if (write(audit_log, &item, sizeof item) != sizeof item) flaw::fatal("audit log", errno);
#ifndef FIXED
    pthread_cond_signal(&box_filled);
#endif
}

void* producer(void* /*unused*/) {
    for (unsigned item = 1;; ++item) {
        flaw::nap(5);
        put(item);
    }
}

void* consumer(void* /*unused*/) {
    for (;;) {
        unsigned item = 0;
        {
            const flaw::Lock lock(box_mutex);
            while (box == 0)
                pthread_cond_wait(&box_filled, &box_mutex);
            item = box;
            box = 0;
            pthread_cond_signal(&box_emptied);
        }
        flaw::compute(item);
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "a producer that fills the box first and tells the consumer later");
    audit_log = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (audit_log < 0) flaw::fatal("/dev/null", errno);
    flaw::start("consumer", consumer);
    pthread_t worker = flaw::start("producer", producer);
    flaw::ready();
    for (;;) {  // a producer that has ended is replaced
        pthread_join(worker, nullptr);
        worker = flaw::start("producer", producer);
    }
}
