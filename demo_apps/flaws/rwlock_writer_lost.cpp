// The updater holds the write lock over a cancellation point. Cancelled there, it leaves the lock
// behind, and no reader gets in again.
#include "flaw.hpp"

pthread_rwlock_t routes_lock = PTHREAD_RWLOCK_INITIALIZER;
unsigned routes = 1;  // guarded by routes_lock

namespace {

#ifdef FIXED
struct WriteLock {
    WriteLock() { pthread_rwlock_wrlock(&routes_lock); }
    ~WriteLock() { pthread_rwlock_unlock(&routes_lock); }
    WriteLock(const WriteLock&) = delete;
    WriteLock& operator=(const WriteLock&) = delete;
};
#endif

void update() {
#ifdef FIXED
    const WriteLock lock;
#else
    pthread_rwlock_wrlock(&routes_lock);
#endif
    routes = flaw::compute(routes);
    flaw::nap(2);
#ifndef FIXED
    pthread_rwlock_unlock(&routes_lock);
#endif
}

void* updater(void* /*unused*/) {
    for (unsigned value = 1;;) {
        for (int i = 0; i < 20; ++i)
            value = flaw::compute(value);
        update();
    }
}

void* reader(void* /*unused*/) {
    for (unsigned hops = 0;;) {
        pthread_rwlock_rdlock(&routes_lock);
        hops += routes;
        pthread_rwlock_unlock(&routes_lock);
        flaw::compute(hops);
        flaw::nap(2);
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "a routing table whose updater can leave its write lock behind");
    const pthread_t threads[] = {flaw::start("updater", updater), flaw::start("reader-1", reader),
                                 flaw::start("reader-2", reader)};
    flaw::ready();
    for (const pthread_t thread : threads)
        pthread_join(thread, nullptr);
}
