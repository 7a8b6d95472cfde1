// Jobs that are under way are counted, so that a round is over when none is left. A job that is
// ended in the middle stays in the count, and the round never ends.
#include "flaw.hpp"

pthread_mutex_t jobs_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t round_over = PTHREAD_COND_INITIALIZER;
unsigned jobs = 0;  // under way; guarded by jobs_mutex

namespace {

void leave() {
    const flaw::Lock lock(jobs_mutex);
    if (--jobs == 0) pthread_cond_signal(&round_over);
}

#ifdef FIXED
class Leaving {
public:
    Leaving() = default;
    ~Leaving() { leave(); }
    Leaving(const Leaving&) = delete;
    Leaving& operator=(const Leaving&) = delete;
};
#endif

void* job(void* /*unused*/) {
#ifdef FIXED
    const Leaving leaving;
#endif
    flaw::nap(5);
    flaw::compute(1);
#ifndef FIXED
    leave();
#endif
    return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "rounds of jobs that are waited for by their count");
    flaw::ready();
    for (;;) {
        constexpr unsigned kJobs = 3;
        jobs = kJobs;
        for (unsigned i = 0; i < kJobs; ++i)
            pthread_detach(flaw::start("job", job));
        const flaw::Lock lock(jobs_mutex);
        while (jobs != 0)
            pthread_cond_wait(&round_over, &jobs_mutex);
    }
}
