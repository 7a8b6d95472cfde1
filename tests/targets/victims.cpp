// victims SITUATION: a thread named "victim" in that situation, and two named "bystander" that
// count. The main thread reads commands, one a line:
//   progress   each bystander's count
//   join       waits for the victim: "join canceled" or "join value N"
//   trylock    the lock that the victim may hold: "trylock ok", EBUSY or EOWNERDEAD
//   release    lets a victim in mutex_lock have the lock
//   allocate   "allocate done" when malloc still works; "print" the same of stdout, "load" of
//   dlopen quit       ends the process with 0
// The end of the input ends the process as well.
#include "say.hpp"
#include "situations.hpp"

#include <dlfcn.h>
#include <malloc.h>
#include <time.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace {

using target::say;

constexpr int kBystanders = 2;

std::atomic<unsigned long> counts[kBystanders];

void* victim_thread(void* situation) {
    pthread_setname_np(pthread_self(), "victim");
    pthread_cleanup_push([](void*) { say("cleanup"); }, nullptr);
    const target::Witness witness;
    static_cast<const target::Situation*>(situation)->enter();
    pthread_cleanup_pop(0);
    return nullptr;
}

void* bystander_thread(void* count) {
    pthread_setname_np(pthread_self(), "bystander");
    const timespec pause{0, 1'000'000};
    while (true) {
        static_cast<std::atomic<unsigned long>*>(count)->fetch_add(1);
        nanosleep(&pause, nullptr);
    }
}

const char* error_name(int error) {
    switch (error) {
        case 0:
            return "ok";
        case EBUSY:
            return "EBUSY";
        case EOWNERDEAD:
            return "EOWNERDEAD";
        default:
            return "other";
    }
}

void report_join(pthread_t victim) {
    void* value = nullptr;
    const int error = pthread_join(victim, &value);
    if (error != 0) {
        say("join error %d", error);
    } else if (value == PTHREAD_CANCELED) {
        say("join canceled");
    } else {
        say("join value %ld", static_cast<long>(reinterpret_cast<std::intptr_t>(value)));
    }
}

void allocate() {
    // Sizes of every kind of bin, and one that is mapped.
    static void* volatile sink;
    for (std::size_t size : {24U, 1000U, 5000U, 100'000U, 1'000'000U}) {
        sink = malloc(size);
        free(sink);
    }
    say("allocate done");
}

void obey(const char* command, pthread_t victim, const char* situation) {
    const bool is_robust = std::strcmp(situation, "robust_mutex") == 0;
    pthread_mutex_t* mutex = is_robust ? &target::robust : &target::contested;
    if (std::strcmp(command, "progress") == 0) {
        say("progress %lu %lu", counts[0].load(), counts[1].load());
    } else if (std::strcmp(command, "join") == 0) {
        report_join(victim);
    } else if (std::strcmp(command, "trylock") == 0) {
        const int error = pthread_mutex_trylock(mutex);
        if (error == EOWNERDEAD) pthread_mutex_consistent(mutex);
        if (error == 0 || error == EOWNERDEAD) pthread_mutex_unlock(mutex);
        say("trylock %s", error_name(error));
    } else if (std::strcmp(command, "release") == 0) {
        pthread_mutex_unlock(&target::contested);
        say("release done");
    } else if (std::strcmp(command, "allocate") == 0) {
        allocate();
    } else if (std::strcmp(command, "print") == 0) {
        std::printf("%s", "");
        std::fflush(stdout);
        say("print done");
    } else if (std::strcmp(command, "load") == 0) {
        dlclose(dlopen("libm.so.6", RTLD_NOW));
        say("load done");
    } else if (std::strcmp(command, "quit") == 0) {
        _exit(0);
    } else {
        say("unknown command %s", command);
    }
}

// Lines by read(2): stdio's lock and malloc's may be held by a dead thread.
void serve(pthread_t victim, const char* situation) {
    char line[64];
    std::size_t length = 0;
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) == 1) {
        if (byte != '\n') {
            if (length < sizeof line - 1) line[length++] = byte;
            continue;
        }
        line[length] = '\0';
        length = 0;
        obey(line, victim, situation);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const target::Situation* situation = argc == 2 ? target::find_situation(argv[1]) : nullptr;
    if (situation == nullptr) {
        say("usage: victims SITUATION, one of");
        target::list_situations();
        return 2;
    }
    // One arena for all, so that a lock left behind concerns everybody.
    mallopt(M_ARENA_MAX, 1);
    target::make_robust();
    pthread_t threads[1 + kBystanders];
    for (int i = 0; i < kBystanders; i++) {
        pthread_create(&threads[1 + i], nullptr, bystander_thread, &counts[i]);
    }
    if (std::strcmp(situation->name, "mutex_lock") == 0) pthread_mutex_lock(&target::contested);
    pthread_create(&threads[0], nullptr, victim_thread, const_cast<target::Situation*>(situation));
    serve(threads[0], situation->name);
    _exit(0);
}
