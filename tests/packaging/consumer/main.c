/* The C interface, built with what pkg-config says. */
#define _GNU_SOURCE /* gettid */
#include <stdio.h>
#include <sys/types.h>
#include <threadfault/execute.h>
#include <unistd.h>

static void note(void* argument) {
    *(int*)argument = 1;
}

int main(void) {
    int ran = 0;
    const struct timespec limit = {10, 0};
    const int result = tf_execute_on_tid(gettid(), note, &ran, &limit);
    printf("%s\n", tf_execute_result_text(result));
    return result == TF_EXECUTE_DONE && ran == 1 ? 0 : 1;
}
