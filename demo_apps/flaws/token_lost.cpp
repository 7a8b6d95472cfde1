// Each worker takes one of two connections from a pool, counted by a semaphore. A worker that ends
// with a connection does not give it back; two such, and the last worker waits for ever.
#include "flaw.hpp"

#include <semaphore.h>

sem_t free_connections;

namespace {

void take_connection() {
    while (sem_wait(&free_connections) != 0)
        if (errno != EINTR) flaw::fatal("sem_wait", errno);
}

#ifdef FIXED
struct GiveBackAtEnd {
    ~GiveBackAtEnd() { sem_post(&free_connections); }
};
#endif

void query(unsigned value) {
    take_connection();
#ifdef FIXED
    const GiveBackAtEnd connection;
#endif
    flaw::compute(value);
    flaw::nap(2);
#ifndef FIXED
    sem_post(&free_connections);
#endif
}

void* worker(void* /*unused*/) {
    for (unsigned value = 1;;) {
        value = flaw::compute(value);
        query(value);
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "workers that share a pool of two connections");
    sem_init(&free_connections, 0, 2);
    pthread_t workers[3];
    for (pthread_t& thread : workers)
        thread = flaw::start("worker", worker);
    flaw::ready();
    for (const pthread_t thread : workers)
        pthread_join(thread, nullptr);
}
