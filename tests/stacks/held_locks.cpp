// held_locks KIND: a thread "holder" sleeps for ever with a lock, or waits for a condition; what
// releases the lock when the thread ends is the kind's matter.
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <mutex>

pthread_mutex_t queue_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t other_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t queue_cond = PTHREAD_COND_INITIALIZER;
std::mutex cache_mutex;

namespace {

// Not known to the compiler.
volatile bool always = true;

void sleep_for_ever() {
    while (always)
        sleep(100);
}

void unlock(void* mutex) {
    pthread_mutex_unlock(static_cast<pthread_mutex_t*>(mutex));
}

void wait_without_handler() {
    pthread_mutex_lock(&queue_mutex);
    while (always)
        pthread_cond_wait(&queue_cond, &queue_mutex);
    pthread_mutex_unlock(&queue_mutex);
}

void wait_with_handler() {
    pthread_mutex_lock(&queue_mutex);
    pthread_cleanup_push(unlock, &queue_mutex);
    while (always)
        pthread_cond_wait(&queue_cond, &queue_mutex);
    pthread_cleanup_pop(1);
}

void guard() {
    const std::lock_guard lock(cache_mutex);
    sleep_for_ever();
}

void by_hand() {
    cache_mutex.lock();
    sleep_for_ever();
    cache_mutex.unlock();
}

void handler_for_another() {
    pthread_mutex_lock(&other_mutex);
    pthread_mutex_lock(&queue_mutex);
    pthread_cleanup_push(unlock, &other_mutex);
    sleep_for_ever();
    pthread_cleanup_pop(1);
    pthread_mutex_unlock(&queue_mutex);
}

void standard_stream() {
    flockfile(stderr);
    sleep_for_ever();
    funlockfile(stderr);
}

void stream_of_its_own() {
    FILE* const file = std::fopen("/dev/null", "w");
    flockfile(file);
    sleep_for_ever();
    funlockfile(file);
    std::fclose(file);
}

// Whose lock the main thread waits for.
std::atomic<FILE*> awaited{nullptr};

// Its lock is followed by the heap's own bookkeeping, where a mutex would have its kind.
void awaited_stream() {
    FILE* const file = fmemopen(nullptr, 100, "w");
    flockfile(file);
    awaited = file;
    awaited.notify_one();
    sleep_for_ever();
    funlockfile(file);
}

struct Kind {
    const char* name;
    void (*run)();
};
constexpr Kind kKinds[] = {{"wait_without_handler", wait_without_handler},
                           {"wait_with_handler", wait_with_handler},
                           {"guard", guard},
                           {"by_hand", by_hand},
                           {"handler_for_another", handler_for_another},
                           {"standard_stream", standard_stream},
                           {"stream_of_its_own", stream_of_its_own},
                           {"awaited_stream", awaited_stream}};

void* holder(void* kind) {
    pthread_setname_np(pthread_self(), "holder");
    static_cast<const Kind*>(kind)->run();
    return nullptr;
}

}  // namespace

int main(int, char** argv) {
    for (const Kind& kind : kKinds) {
        if (argv[1] == nullptr || std::strcmp(argv[1], kind.name) != 0) continue;
        pthread_t thread{};
        pthread_create(&thread, nullptr, holder, const_cast<Kind*>(&kind));
        if (kind.run == awaited_stream) awaited.wait(nullptr);
        std::puts("ready");
        std::fflush(stdout);
        if (awaited != nullptr) flockfile(awaited);
        while (always)
            pause();
    }
    return 2;
}
