// hostile_names: threads whose names hold what moves a cursor, forges a line of a report or ends a
// string of one. The test overwrites the names TF_… in a copy of the built file with such bytes, of
// the same length. One mutex is held by main, which waits; another by a thread that waits for
// main's.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

pthread_mutex_t TF_MUTEX_OF_MAIN_________ = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t TF_MUTEX_OF_ANOTHER______ = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t TF_CONDITION_____________ = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t everyone;

static const char* const names[] = {"\033[31mRED",     "\302\23331mC1",    "a\nb\rc\td",
                                    "\377\376\200bad", "x\nDEADLOCK of 2", "\"};x[l=\"",
                                    "<b>&'\"</b>",     "\342\200\256rtl",  "]]>",
                                    "\\\"\\",          "%s%n%x",           "name=x,y",
                                    "\360\237",        "not ok 1 - x\n"};
enum { kCount = sizeof names / sizeof *names };

void* TF_START_ROUTINE_________(void* number) {
    const long i = (long)number;
    prctl(PR_SET_NAME, names[i]);
    if (i == 0) pthread_mutex_lock(&TF_MUTEX_OF_ANOTHER______);
    pthread_barrier_wait(&everyone);
    static pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
    switch (i % 4) {
        case 0:
            pthread_mutex_lock(&TF_MUTEX_OF_MAIN_________);
            break;
        case 1:
            pthread_mutex_lock(&TF_MUTEX_OF_ANOTHER______);
            break;
        case 2:
            pthread_mutex_lock(&own);
            pthread_cond_wait(&TF_CONDITION_____________, &own);
            break;
        default:
            while (1)
                pause();
    }
    return number;
}

int main(void) {
    pthread_t thread;
    pthread_barrier_init(&everyone, NULL, kCount + 1);
    pthread_mutex_lock(&TF_MUTEX_OF_MAIN_________);
    for (long i = 0; i < kCount; ++i)
        if (pthread_create(&thread, NULL, TF_START_ROUTINE_________, (void*)i) != 0) return 1;
    pthread_barrier_wait(&everyone);
    puts("\033[2Jready\033]0;title\a\x9b");
    fflush(stdout);
    while (1)
        pause();
}
