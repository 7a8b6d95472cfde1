// Two nodes take turns by a lease of a second. One that is held up after it looked at its lease
// commits when the other has the lease already. Corrected, the store refuses a lease that is not
// the newest it has seen (a fencing token).
#include "flaw.hpp"

#include <fcntl.h>

pthread_mutex_t store_mutex = PTHREAD_MUTEX_INITIALIZER;
unsigned lease = 0;  // the newest number given out; guarded by store_mutex, as are all of these
double lease_ends = 0;
unsigned newest_written = 0;
int disk = -1;

namespace {

double now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// The number of the lease, 0 when the other node has it.
unsigned take_lease() {
    const flaw::Lock lock(store_mutex);
    if (now() < lease_ends) return 0;
    lease_ends = now() + 1;
    return ++lease;
}

void commit_and_release(unsigned number) {
    const flaw::Lock lock(store_mutex);
#ifdef FIXED
    if (number < newest_written) return;
#else
    if (number < newest_written) flaw::corrupt("an older write went over a newer one");
#endif
    newest_written = number;
    if (number == lease) lease_ends = 0;
}

void* node(void* /*unused*/) {
    for (;;) {
        const unsigned number = take_lease();
        if (number != 0) {
            const unsigned value = flaw::compute(number);
            if (write(disk, &value, sizeof value) != sizeof value) flaw::fatal("disk", errno);
            commit_and_release(number);
        }
        flaw::nap(3);
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "two nodes that take turns by a lease that can run out");
    disk = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (disk < 0) flaw::fatal("/dev/null", errno);
    const pthread_t nodes[] = {flaw::start("node-1", node), flaw::start("node-2", node)};
    flaw::ready();
    for (const pthread_t thread : nodes)
        pthread_join(thread, nullptr);
}
