// Loaded by before_main: its constructor starts and joins a thread.
#include "say.hpp"

#include <pthread.h>

static void* in_plugin(void* argument) {
    say("plugin thread %s", static_cast<const char*>(argument));
    return nullptr;
}

static void run(const char* where) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, in_plugin, const_cast<char*>(where)) == 0) {
        pthread_join(thread, nullptr);
    }
}

__attribute__((constructor)) static void start() {
    run("from its constructor");
}
extern "C" __attribute__((visibility("default"))) void plugin_run() {
    run("from a call");
}
