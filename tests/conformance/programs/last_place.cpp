// A limit of threads is the program's: as many as it allows can be made, and no more. Shows
// something only as root, who can become a user that has no other processes.
#include "say.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <threads.h>
#include <unistd.h>

namespace {

constexpr int kPlaces = 4;  // main's is one

void* wait_for_input(void*) {
    pause();
    return nullptr;
}

int wait_in_c11(void*) {
    pause();
    return 0;
}

}  // namespace

int main() {
    const auto user = static_cast<uid_t>(100'000 + getpid());
    if (geteuid() != 0 || setresuid(user, user, user) != 0) {
        say("not root");
        return 0;
    }
    const rlimit places{kPlaces, kPlaces};
    if (setrlimit(RLIMIT_NPROC, &places) != 0) say("no limit");
    for (int i = 1; i < kPlaces; ++i) {
        pthread_t thread;
        thrd_t other;
        const int result = i == kPlaces - 1
                               ? thrd_create(&other, wait_in_c11, nullptr)
                               : pthread_create(&thread, nullptr, wait_for_input, nullptr);
        say("thread %d: %d", i, result);
    }
    pthread_t thread;
    say("one too many: %d", pthread_create(&thread, nullptr, wait_for_input, nullptr));
    thrd_t other;
    say("another: %d", thrd_create(&other, wait_in_c11, nullptr));
    _exit(0);
}
