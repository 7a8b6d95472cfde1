// counters: threads that count, for faults that hold threads up. Commands, one a line:
//   counts     "counts SPINNER LOCKER SLEEPER": how far each has come
//   lock       main takes the lock that "locker" needs for every count; "unlock" gives it back
//   eintr      "eintr N": how often "reader"'s poll() has returned EINTR
//   spawn      makes and joins a thread named "short"
//   quit       ends the process with 0; so does the end of the input
#include "say.hpp"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <initializer_list>

namespace {

using target::say;

std::atomic<unsigned long> spinner_count, locker_count, sleeper_count, interruptions;
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void name_self(const char* name) {
    pthread_setname_np(pthread_self(), name);
}

void* spinner(void*) {
    name_self("spinner");
    for (;;)
        spinner_count.fetch_add(1, std::memory_order_relaxed);
}

void* locker(void*) {
    name_self("locker");
    const timespec pause{0, 500'000};
    for (;;) {
        pthread_mutex_lock(&lock);
        locker_count.fetch_add(1);
        pthread_mutex_unlock(&lock);
        nanosleep(&pause, nullptr);
    }
}

void* sleeper(void*) {
    name_self("sleeper");
    const timespec pause{0, 500'000};
    for (;;) {
        sleeper_count.fetch_add(1);
        nanosleep(&pause, nullptr);
    }
}

void* reader(void*) {
    name_self("reader");
    for (;;) {
        if (poll(nullptr, 0, -1) < 0 && errno == EINTR) interruptions.fetch_add(1);
    }
}

void* short_lived(void*) {
    name_self("short");
    return nullptr;
}

}  // namespace

int main() {
    pthread_t thread;
    for (auto* body : {spinner, locker, sleeper, reader})
        pthread_create(&thread, nullptr, body, nullptr);
    say("ready");
    char line[64];
    while (fgets(line, sizeof line, stdin) != nullptr) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "counts") == 0) {
            say("counts %lu %lu %lu", spinner_count.load(), locker_count.load(),
                sleeper_count.load());
        } else if (strcmp(line, "lock") == 0) {
            pthread_mutex_lock(&lock);
            say("lock taken");
        } else if (strcmp(line, "unlock") == 0) {
            pthread_mutex_unlock(&lock);
            say("unlock done");
        } else if (strcmp(line, "eintr") == 0) {
            say("eintr %lu", interruptions.load());
        } else if (strcmp(line, "spawn") == 0) {
            pthread_create(&thread, nullptr, short_lived, nullptr);
            pthread_join(thread, nullptr);
            say("spawn done");
        } else if (strcmp(line, "quit") == 0) {
            break;
        }
    }
}
