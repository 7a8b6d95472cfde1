// What a program meets that uses thread-specific keys without having created them.
#include "say.hpp"

#include <pthread.h>
#include <unistd.h>

static void on_end(void* value) {
    say("destructor of the program's own key: %s", static_cast<const char*>(value));
}

static void* run(void* argument) {
    return argument;
}

int main() {
    for (pthread_key_t key = 0; key < 8; ++key) {
        say("key %u: set %d, get %d, delete %d", key, pthread_setspecific(key, nullptr),
            pthread_getspecific(key) != nullptr, pthread_key_delete(key));
    }
    pthread_key_t own = 0;
    pthread_key_create(&own, on_end);
    say("own key %u", own);
    pthread_t thread;
    pthread_create(&thread, nullptr, run, nullptr);
    pthread_join(thread, nullptr);
    pthread_exit(nullptr);
}
