// Nobody looks at what pthread_create returns: the rounds wait for a worker that never was.
// Corrected, the pool goes on with the workers that it got.
#include "flaw.hpp"

pthread_mutex_t round_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t round_begun = PTHREAD_COND_INITIALIZER;
pthread_cond_t round_done = PTHREAD_COND_INITIALIZER;
unsigned current_round = 0;  // guarded by round_mutex, as is pending
int pending = 0;

namespace {

void* worker(void* /*unused*/) {
    for (unsigned mine = 0;;) {
        {
            const flaw::Lock lock(round_mutex);
            while (current_round == mine)
                pthread_cond_wait(&round_begun, &round_mutex);
            mine = current_round;
        }
        flaw::compute(mine);
        const flaw::Lock lock(round_mutex);
        if (--pending == 0) pthread_cond_signal(&round_done);
    }
}

int start_workers(int wanted) {
    int started = 0;
    for (int i = 0; i < wanted; ++i) {
        pthread_t thread{};
#ifdef FIXED
        if (pthread_create(&thread, nullptr, worker, nullptr) != 0) continue;
        pthread_setname_np(thread, "worker");
#else
        pthread_create(&thread, nullptr, worker, nullptr);
        if (thread != 0) pthread_setname_np(thread, "worker");
#endif
        ++started;
    }
    if (started == 0) flaw::fatal("pthread_create", EAGAIN);
    return started;
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "a pool that does not look whether its workers could be started");
    const int workers = start_workers(3);
    flaw::ready();
    for (;;) {
        {
            const flaw::Lock lock(round_mutex);
            pending = workers;
            ++current_round;
            pthread_cond_broadcast(&round_begun);
            while (pending != 0)
                pthread_cond_wait(&round_done, &round_mutex);
        }
        flaw::nap(3);
    }
}
