// The environment, seen by the program and by a child, in its order.
#include "say.hpp"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char** argv) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
        if (strncmp(*entry, "LD_PRELOAD=", 11) != 0 && strncmp(*entry, "THREADFAULT_", 12) != 0) {
            say("%s", *entry);
        }
    }
    if (argc > 1) return 3;
    pthread_t thread;
    pthread_create(
        &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
    pthread_join(thread, nullptr);
    setenv("ADDED", "yes", 1);
    execl(argv[0], argv[0], "again", nullptr);
    return 1;
}
