// A lock is held by hand over a call that can throw. The exception is caught further up and the
// program means to go on, but the thread still has the lock, and waits for itself.
#include "flaw.hpp"

#include <fcntl.h>

#include <system_error>

pthread_mutex_t cache_mutex = PTHREAD_MUTEX_INITIALIZER;
unsigned cached = 0;  // guarded by cache_mutex
int source = -1;

namespace {

unsigned fetch() {
    unsigned value = 0;
    if (read(source, &value, sizeof value) != sizeof value)
        throw std::system_error(errno, std::generic_category(), "fetch");
    return value;
}

void refresh() {
#ifdef FIXED
    const flaw::Lock lock(cache_mutex);
    cached = fetch();
#else
    pthread_mutex_lock(&cache_mutex);
    cached = fetch();
    pthread_mutex_unlock(&cache_mutex);
#endif
}

void* refresher(void* /*unused*/) {
    for (;;) {
        try {
            refresh();
        } catch (const std::system_error& error) {
            std::fprintf(stderr, "%s, trying again\n", error.what());
        }
        flaw::nap(5);
    }
}

void* server(void* /*unused*/) {
    for (unsigned served = 0;;) {
        {
            const flaw::Lock lock(cache_mutex);
            served += cached;
        }
        flaw::compute(served);
        flaw::nap(2);
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "a cache whose refresher holds the lock over a call that can throw");
    source = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (source < 0) flaw::fatal("/dev/urandom", errno);
    const pthread_t threads[] = {flaw::start("refresher", refresher),
                                 flaw::start("server-1", server), flaw::start("server-2", server)};
    flaw::ready();
    for (const pthread_t thread : threads)
        pthread_join(thread, nullptr);
}
