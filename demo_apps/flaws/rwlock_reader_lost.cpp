// A reader holds the read lock over a cancellation point. Cancelled there, it is counted as a
// reader for ever: the writer waits for it, and new readers wait behind the writer. A read-write
// lock does not know who reads, so nothing names the dead reader.
#include "flaw.hpp"

pthread_rwlock_t catalogue_lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
unsigned catalogue = 1;  // guarded by catalogue_lock

namespace {

#ifdef FIXED
struct ReadLock {
    ReadLock() { pthread_rwlock_rdlock(&catalogue_lock); }
    ~ReadLock() { pthread_rwlock_unlock(&catalogue_lock); }
    ReadLock(const ReadLock&) = delete;
    ReadLock& operator=(const ReadLock&) = delete;
};
#endif

unsigned look_up() {
#ifdef FIXED
    const ReadLock lock;
#else
    pthread_rwlock_rdlock(&catalogue_lock);
#endif
    const unsigned found = catalogue;
    flaw::nap(2);
#ifndef FIXED
    pthread_rwlock_unlock(&catalogue_lock);
#endif
    return found;
}

void* reader(void* /*unused*/) {
    for (;;)
        flaw::compute(look_up());
}

void* writer(void* /*unused*/) {
    for (;;) {
        flaw::nap(5);
        pthread_rwlock_wrlock(&catalogue_lock);
        catalogue = flaw::compute(catalogue);
        pthread_rwlock_unlock(&catalogue_lock);
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "a catalogue whose readers can leave their read lock behind");
    const pthread_t threads[] = {flaw::start("writer", writer), flaw::start("reader-1", reader),
                                 flaw::start("reader-2", reader)};
    flaw::ready();
    for (const pthread_t thread : threads)
        pthread_join(thread, nullptr);
}
