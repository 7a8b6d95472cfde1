// openmp: the threads of a team wait for a lock that the first one has.
#include <omp.h>
#include <stdio.h>
#include <unistd.h>

static omp_lock_t lock;

int main(void) {
    omp_init_lock(&lock);
    omp_set_lock(&lock);
#pragma omp parallel num_threads(3)
    {
        if (omp_get_thread_num() == 0) {
            puts("ready");
            fflush(stdout);
            while (1)
                pause();
        }
        omp_set_lock(&lock);  // at -O2 a jump: no frame tells of it
    }
    return 0;
}
