// Prints the nanoseconds of one call of each kind, in the order of bench_points: an uncontended
// lock/unlock pair in a process of one thread, the same in a process of two, a read of one byte.
#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>

namespace {

constexpr int kRounds = 20;

double now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// The fastest of several: what disturbs only ever adds.
template <typename Function>
double fastest(int calls, Function call) {
    double best = 1e18;
    for (int round = 0; round < kRounds; ++round) {
        const double begin = now_ns();
        for (int i = 0; i < calls; ++i)
            call();
        const double each = (now_ns() - begin) / calls;
        if (each < best) best = each;
    }
    return best;
}

void* wait_for_end(void* descriptor) {
    char byte = 0;
    while (read(*static_cast<int*>(descriptor), &byte, 1) > 0) {
    }
    return nullptr;
}

}  // namespace

int main() {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    const auto pair = [&mutex] {
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
    };
    const int zero = open("/dev/zero", O_RDONLY);
    const auto read_one = [zero] {
        char byte = 0;
        if (read(zero, &byte, 1) != 1) _exit(1);
    };
    // glibc locks without atomic instructions while there is but one thread.
    const double alone = fastest(200'000, pair);
    int pipe_ends[2];
    if (pipe(pipe_ends) != 0) return 1;
    pthread_t other{};
    if (pthread_create(&other, nullptr, wait_for_end, &pipe_ends[0]) != 0) return 1;
    const double together = fastest(200'000, pair);
    const double reading = fastest(50'000, read_one);
    close(pipe_ends[1]);
    pthread_join(other, nullptr);
    std::printf("%.3f %.3f %.3f\n", alone, together, reading);
    return 0;
}
