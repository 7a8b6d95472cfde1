// Threads from constructors: of the program, of a library it is linked with, of one it loads.
#include "say.hpp"

#include <dlfcn.h>
#include <pthread.h>

static void* early(void* argument) {
    say("thread from %s", static_cast<const char*>(argument));
    return nullptr;
}

static void run(const char* where) {
    pthread_t thread;
    const int created = pthread_create(&thread, nullptr, early, const_cast<char*>(where));
    pthread_join(thread, nullptr);
    say("create in %s: %d", where, created);  // the thread has spoken
}

__attribute__((constructor(101))) static void first_constructor() {
    run("the first constructor");
}
__attribute__((constructor)) static void constructor() {
    run("a constructor");
}
__attribute__((destructor)) static void destructor() {
    run("a destructor");
}

int main(int, char**) {
    run("main");
    void* plugin = dlopen(CONFORMANCE_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    say("plugin %d", plugin != nullptr);
    if (plugin == nullptr) return 1;
    reinterpret_cast<void (*)()>(dlsym(plugin, "plugin_run"))();
    say("dlclose %d", dlclose(plugin));
    void* deep = dlopen(CONFORMANCE_PLUGIN, RTLD_NOW | RTLD_DEEPBIND);
    reinterpret_cast<void (*)()>(dlsym(deep, "plugin_run"))();
    say("dlclose %d", dlclose(deep));
}
