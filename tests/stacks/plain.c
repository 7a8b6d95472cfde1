/* plain: C as it is written, built without a frame pointer: the main thread waits in a function of
   its own for a thread named "victim", which waits two calls deep. Prints "ready" when it stands;
   ends with its input. */
#define _GNU_SOURCE /* for pthread_setname_np */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int ends[2];

__attribute__((noinline)) static int inner(int fd) {
    char byte = 0;
    const ssize_t got = read(fd, &byte, 1);
    return got < 0 ? -1 : byte;
}

__attribute__((noinline)) static int outer(const int* fds) {
    volatile int scratch[64]; /* a frame of some size: nothing but its table tells where it ends */
    for (int i = 0; i < 64; ++i)
        scratch[i] = i;
    return inner(fds[0]) + scratch[63];
}

static void* victim(void* fds) {
    pthread_setname_np(pthread_self(), "victim");
    if (write(STDOUT_FILENO, "ready\n", 6) != 6) abort();
    return outer(fds) == 0 ? fds : NULL;
}

__attribute__((noinline)) static int wait_for_input(void) {
    int lines = 0;
    for (int byte = getchar(); byte != EOF; byte = getchar()) {
        if (byte == '\n') ++lines;
    }
    return lines;
}

int main(void) {
    pthread_t thread;
    if (pipe(ends) != 0 || pthread_create(&thread, NULL, victim, ends) != 0) return 1;
    return wait_for_input() < 0;
}
