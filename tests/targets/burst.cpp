// burst: a line of input is a number; so many threads are made and joined, one after the other,
// half of them returning and half exiting. Then "done".
#include <pthread.h>
#include <stdio.h>

static void* end(void* argument) {
    if (argument != nullptr) pthread_exit(nullptr);
    return nullptr;
}

int main() {
    for (int count = 0, one = 1; scanf("%d", &count) == 1;) {
        for (int i = 0; i < count; ++i) {
            pthread_t thread;
            if (pthread_create(&thread, nullptr, end, i % 2 != 0 ? &one : nullptr) != 0) return 1;
            pthread_join(thread, nullptr);
        }
        puts("done");
        fflush(stdout);
    }
}
