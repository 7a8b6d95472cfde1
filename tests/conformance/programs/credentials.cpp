// setuid, setgid and setgroups reach every thread, and come back. As root only.
#include "say.hpp"

#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

static std::atomic<int> stage{0};
static std::atomic<int> agreed{0};

static void* witness(void*) {
    while (stage == 0)
        sched_yield();
    uid_t real, effective, saved;
    getresuid(&real, &effective, &saved);
    if (real == 65534 && effective == 65534 && saved == 65534 && getgid() == 65534) ++agreed;
    return nullptr;
}

int main() {
    if (geteuid() != 0) {
        say("not root: nothing to compare");
        return 0;
    }
    pthread_t threads[10];
    for (pthread_t& thread : threads)
        pthread_create(&thread, nullptr, witness, nullptr);
    const gid_t group = 65534;
    say("setgroups %d setgid %d setuid %d", setgroups(1, &group), setgid(group), setuid(65534));
    stage = 1;
    for (const pthread_t& thread : threads)
        pthread_join(thread, nullptr);
    say("threads that agree: %d", agreed.load());
    say("setuid(0) is refused: %d", setuid(0));
}
