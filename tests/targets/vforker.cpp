// vforker: a thread "parent" that sleeps uninterruptibly: the kernel lets whoever calls vfork()
// sleep in state D until the child has ended. Commands, one a line:
//   sleep      "sleep begun": until "wake", which is answered by "wake done" when it has returned
//   blink      from now on it sleeps so for two milliseconds at a time, again and again
//   counts     "counts RETURNS SIBLING": how often it came back, and how far a sibling has come
// Ends with its input.
#include "say.hpp"

#include <pthread.h>
#include <semaphore.h>
#include <sys/wait.h>
#include <time.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <initializer_list>

namespace {

using target::say;

std::atomic<unsigned long> returns, sibling_count;
std::atomic<bool> blinking;
sem_t asked, back;
int orders[2];

// The child has our memory: it makes system calls and nothing else.
void sleep_until_told() {
    const pid_t child = vfork();
    if (child == 0) {
        char order;
        while (read(orders[0], &order, 1) < 0) {
        }
        _exit(0);
    }
    waitpid(child, nullptr, 0);
}

void sleep_for_a_moment() {
    const timespec moment{0, 2'000'000};
    const pid_t child = vfork();
    if (child == 0) {
        nanosleep(&moment, nullptr);
        _exit(0);
    }
    waitpid(child, nullptr, 0);
}

void* parent(void*) {
    pthread_setname_np(pthread_self(), "parent");
    for (;; returns.fetch_add(1)) {
        if (blinking.load()) {
            sleep_for_a_moment();
            continue;
        }
        while (sem_wait(&asked) != 0) {
        }
        if (blinking.load()) continue;
        sleep_until_told();
        sem_post(&back);
    }
}

void* sibling(void*) {
    pthread_setname_np(pthread_self(), "sibling");
    const timespec pause{0, 500'000};
    for (;;) {
        sibling_count.fetch_add(1);
        nanosleep(&pause, nullptr);
    }
}

}  // namespace

int main() {
    sem_init(&asked, 0, 0);
    sem_init(&back, 0, 0);
    if (pipe(orders) != 0) return 1;
    pthread_t thread;
    for (auto* body : {parent, sibling})
        pthread_create(&thread, nullptr, body, nullptr);
    say("ready");
    char line[64];
    while (fgets(line, sizeof line, stdin) != nullptr) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "sleep") == 0) {
            sem_post(&asked);
            say("sleep begun");
        } else if (strcmp(line, "wake") == 0) {
            if (write(orders[1], "!", 1) != 1) return 1;
            while (sem_wait(&back) != 0) {
            }
            say("wake done");
        } else if (strcmp(line, "blink") == 0) {
            blinking = true;
            sem_post(&asked);
            say("blink begun");
        } else if (strcmp(line, "counts") == 0) {
            say("counts %lu %lu", returns.load(), sibling_count.load());
        }
    }
    // Nobody is left behind that waits for an order.
    close(orders[1]);
}
