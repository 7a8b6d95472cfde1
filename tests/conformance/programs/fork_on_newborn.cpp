// A signal that is pending when a thread starts has a handler that forks: the child's copy of the
// thread goes on to its start routine, as main of a process of its own, and makes threads.
#include "say.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile pid_t child = -1;
static int variant = 0;

static void* idle(void* argument) {
    return argument;
}

static int made_and_joined() {
    pthread_t thread;
    int argument = 0;
    void* result = nullptr;
    if (pthread_create(&thread, nullptr, idle, &argument) != 0) return 1;
    if (pthread_join(thread, &result) != 0) return 2;
    return result == &argument ? 0 : 3;
}

static void on_signal(int) {
    // A child of _Fork may do no more than go on.
    child = variant == 2 ? _Fork() : fork();
    if (child == 0 && variant == 1 && made_and_joined() != 0) _exit(9);
}

static void* start(void* argument) {
    if (child != 0) return argument;
    say("child: start routine runs, argument %s", static_cast<const char*>(argument));
    say("child: leads %d", getpid() == gettid());
    if (variant != 2) say("child: a thread of its own %d", made_and_joined());
    _exit(7);
}

static void run_round(int which) {
    variant = which;
    child = -1;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    kill(getpid(), SIGUSR1);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    sigset_t empty;
    sigemptyset(&empty);
    pthread_attr_setsigmask_np(&attributes, &empty);
    char argument[] = "ok";
    pthread_t thread;
    pthread_create(&thread, &attributes, start, argument);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
    int status = -1;
    waitpid(child, &status, 0);
    say("status %#x", static_cast<unsigned>(status));
}

int main() {
    signal(SIGUSR1, on_signal);
    for (int i = 0; i < 20; ++i)
        run_round(i % 3);
}
