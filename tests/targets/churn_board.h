/* What the target "churn" and its test share, in a mapped file. Accessed with __atomic builtins. */
#ifndef THREADFAULT_TESTS_TARGETS_CHURN_BOARD_H
#define THREADFAULT_TESTS_TARGETS_CHURN_BOARD_H

#include <stdint.h>

enum { CHURN_THREADS = 20000, CHURN_WARM_UP = 2000 };

enum { CHURN_BORN = 1, CHURN_RETURNED = 2, CHURN_UNWOUND = 3 };

struct churn_slot {
    int32_t state;
    int32_t detached;
    int32_t meant;  /* set by the test before it asks for this thread's end */
    int32_t vanish; /* set by the test when it asks for that way */
};

struct churn_board {
    uint64_t slots_address; /* of `slots`, as the target maps it */
    int32_t created;
    int32_t failed; /* attempts of pthread_create that were refused */
    struct churn_slot slots[CHURN_THREADS];
};

#endif
