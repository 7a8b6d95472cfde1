// A server's inside: workers that answer from one cache under one lock. One of them computes an
// entry with the lock in hand for as long as standard input stays silent.
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

struct Cache {
    std::map<std::string, std::string> entries;
    std::size_t hits = 0;
    std::mutex mutex;
};
Cache cache;  // the lock's name and line in the tests' output

namespace {

struct Shard {
    long requests = 0;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
};
Shard shards[4];

struct Counter {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    long requests = 0;
};
Counter counter;

pthread_mutex_t* counted = &shards[2].lock;

std::string compute(const std::string& key) {
    std::puts("computing");
    std::fflush(stdout);
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) < 0) {
    }
    return key;
}

void handle_request(const std::string& key, bool first) {
    const std::lock_guard<std::mutex> guard(cache.mutex);
    if (first) cache.entries[key] = compute(key);
    ++cache.hits;
}

void serve(int number) {
    pthread_setname_np(pthread_self(), ("worker-" + std::to_string(number)).c_str());
    handle_request("index", number == 1);
}

void count(int number) {
    pthread_setname_np(pthread_self(), ("count-" + std::to_string(number)).c_str());
    pthread_mutex_lock(counted);
    if (number == 1) compute("count");
    pthread_mutex_unlock(counted);
}

}  // namespace

// "shards" or "counter": the lock is a plain one in a structure.
int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "counter") counted = &counter.lock;
    std::vector<std::thread> workers;
    workers.emplace_back(argc > 1 ? count : serve, 1);
    // The others come when the first has the lock.
    while (argc > 1 ? pthread_mutex_trylock(counted) == 0 : cache.mutex.try_lock()) {
        argc > 1 ? (void)pthread_mutex_unlock(counted) : cache.mutex.unlock();
        usleep(1000);
    }
    for (int number = 2; number <= 3; ++number)
        workers.emplace_back(argc > 1 ? count : serve, number);
    for (std::thread& worker : workers)
        worker.join();
}
