/*
 * churn FILE: creates and ends CHURN_THREADS threads, half of them detached, and notes on the board
 * in FILE how each ended. Says "ready", waits for a line, says "warm" after CHURN_WARM_UP threads,
 * waits for a line, says "over" and waits for the end of its input.
 *
 * In C: a thread may be unwound at any instruction here, and a C++ frame survives that only where
 * the compiler expected it.
 */
#define _GNU_SOURCE
#include "churn_board.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 32, STACK_SIZE = 64 * 1024 };

static struct churn_board* board;

static void say(const char* line) {
    if (write(STDOUT_FILENO, line, strlen(line)) < 0) _exit(1);
}

static void wait_for_line(void) {
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n') {
    }
}

static void note_unwound(void* argument) {
    struct churn_slot* slot = argument;
    __atomic_store_n(&slot->state, CHURN_UNWOUND, __ATOMIC_SEQ_CST);
}

/* Some of everything: running, allocating, sleeping. */
static void work(unsigned seed) {
    const int steps = (int)(seed % 8);
    for (int step = 0; step < steps; step++) {
        seed = seed * 1103515245U + 12345U;
        switch (seed >> 16 & 3) {
            case 0:
                for (volatile unsigned i = 0; i < 20000;)
                    i = i + 1;
                break;
            case 1:
                for (int i = 0; i < 50; i++)
                    free(malloc(16 + (seed >> 8) % 3000));
                break;
            default: {
                const struct timespec pause = {0, 300000};
                nanosleep(&pause, NULL);
            }
        }
    }
}

static void* start(void* argument) {
    struct churn_slot* slot = argument;
    pthread_cleanup_push(note_unwound, slot);
    __atomic_store_n(&slot->state, CHURN_BORN, __ATOMIC_SEQ_CST);
    work((unsigned)(slot - board->slots) * 2654435761U);
    pthread_cleanup_pop(0);
    __atomic_store_n(&slot->state, CHURN_RETURNED, __ATOMIC_SEQ_CST);
    return NULL;
}

static void* keep_the_agent(void* argument) {
    for (;;)
        pause();
    return argument;
}

static void create(pthread_t* thread, int index, int detached) {
    struct churn_slot* slot = &board->slots[index];
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    if (detached) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    slot->detached = detached;
    while (pthread_create(thread, &attributes, start, slot) != 0) {
        board->failed++;
        usleep(1000);
    }
    __atomic_store_n(&board->created, index + 1, __ATOMIC_SEQ_CST);
    pthread_attr_destroy(&attributes);
}

static void create_and_join(int from, int to) {
    pthread_t threads[BATCH];
    for (int first = from; first < to; first += BATCH) {
        const int last = first + BATCH < to ? first + BATCH : to;
        for (int i = first; i < last; i++)
            create(&threads[i - first], i, i % 2);
        for (int i = first; i < last; i++) {
            if (i % 2 == 0) pthread_join(threads[i - first], NULL);
        }
    }
}

int main(int argc, char** argv) {
    const int fd = argc == 2 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return 2;
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (board == MAP_FAILED) return 2;
    board->slots_address = (uint64_t)(uintptr_t)board->slots;
    pthread_t keeper;
    if (pthread_create(&keeper, NULL, keep_the_agent, NULL) != 0) return 2;
    say("ready\n");
    wait_for_line();
    create_and_join(0, CHURN_WARM_UP);
    say("warm\n");
    wait_for_line();
    create_and_join(CHURN_WARM_UP, CHURN_THREADS);
    say("over\n");
    wait_for_line();
    _exit(0);
}
