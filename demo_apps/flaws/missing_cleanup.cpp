// A lock is held over a cancellation point without a cleanup handler: a writer that is cancelled
// there takes the journal's lock with it.
#include "flaw.hpp"

pthread_mutex_t journal_mutex = PTHREAD_MUTEX_INITIALIZER;
unsigned entries = 0;  // guarded by journal_mutex

namespace {

#ifdef FIXED
void unlock(void* mutex) {
    pthread_mutex_unlock(static_cast<pthread_mutex_t*>(mutex));
}
#endif

void write_entry() {
    pthread_mutex_lock(&journal_mutex);
#ifdef FIXED
    pthread_cleanup_push(unlock, &journal_mutex);
#endif
    ++entries;
    flaw::nap(3);
#ifdef FIXED
    pthread_cleanup_pop(1);
#else
    pthread_mutex_unlock(&journal_mutex);
#endif
}

void* writer(void* /*unused*/) {
    for (unsigned work = 1;;) {
        work = flaw::compute(work);
        write_entry();
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "a journal whose writers lock it without a cleanup handler");
    const pthread_t writers[] = {flaw::start("writer-1", writer), flaw::start("writer-2", writer)};
    flaw::ready();
    for (const pthread_t thread : writers)
        pthread_join(thread, nullptr);
}
