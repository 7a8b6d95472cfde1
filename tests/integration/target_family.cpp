// family MODE TAG: a target that is hard to get rid of, or stuck. TAG is for those who look for it
// in /proc; every process that it makes has the same command line.
//   quiet     waits for ever
//   stubborn  the same, and ignores SIGTERM
//   daemons   leaves two processes in sessions of their own, one ignores SIGTERM; then as quiet
//   deserter  the same, and ends with 7
//   hopper    leaves a process that forks and ends again and again, each time in a new session
//   locks     "owner" holds a lock for ever that "waiter" and "other" want
//   workers   "worker-0" to "worker-2" work and rest by turns
//   headless  its main thread ends, two others wait for ever
//   prefork   two children, each with a thread "worker-0"; then as quiet
//   background  ends with 0 and leaves a process with threads "worker-0" to "worker-2"
//   polite    says "bye" on SIGTERM and ends with 3
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace {

pthread_mutex_t contested = PTHREAD_MUTEX_INITIALIZER;

void say(const char* line) {
    if (write(STDOUT_FILENO, line, std::strlen(line)) < 0) _exit(1);
}

[[noreturn]] void wait_for_ever() {
    while (true)
        pause();
}

void daemonise(void (*body)()) {
    const pid_t child = fork();
    if (child != 0) {
        waitpid(child, nullptr, 0);
        return;
    }
    setsid();
    if (fork() == 0) body();
    _exit(0);
}

void stay() {
    wait_for_ever();
}

void stay_stubbornly() {
    signal(SIGTERM, SIG_IGN);
    wait_for_ever();
}

void hop() {
    const timespec pause{0, 2'000'000};
    while (true) {
        setsid();
        nanosleep(&pause, nullptr);
        if (fork() != 0) _exit(0);
    }
}

void* own(void*) {
    pthread_setname_np(pthread_self(), "owner");
    pthread_mutex_lock(&contested);
    say("owned\n");
    wait_for_ever();
}

void* want(void* name) {
    pthread_setname_np(pthread_self(), static_cast<const char*>(name));
    pthread_mutex_lock(&contested);
    return nullptr;
}

// The thread names itself, too, but perhaps only after "ready".
void make(void* (*body)(void*), char* name) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, body, name) == 0) pthread_setname_np(thread, name);
}

void make_locks() {
    pthread_t thread;
    pthread_create(&thread, nullptr, own, nullptr);
    while (pthread_mutex_trylock(&contested) == 0) {
        pthread_mutex_unlock(&contested);
        usleep(1000);
    }
    static char names[][8] = {"waiter", "other"};
    for (char* name : names)
        make(want, name);
}

void* work(void* name) {
    pthread_setname_np(pthread_self(), static_cast<const char*>(name));
    const timespec pause{0, 1'000'000};
    while (true)
        nanosleep(&pause, nullptr);
}

void make_workers() {
    static char names[][16] = {"worker-0", "worker-1", "worker-2"};
    for (char* name : names)
        make(work, name);
}

void* stay_behind(void*) {
    wait_for_ever();
}

[[noreturn]] void leave_others() {
    pthread_t thread;
    for (int i = 0; i < 2; ++i)
        pthread_create(&thread, nullptr, stay_behind, nullptr);
    say("ready\n");
    pthread_exit(nullptr);
}

void prefork() {
    for (int child = 0; child < 2; ++child) {
        if (fork() != 0) continue;
        static char name[] = "worker-0";
        make(work, name);
        wait_for_ever();
    }
}

[[noreturn]] void serve_in_background() {
    make_workers();
    wait_for_ever();
}

void say_bye(int) {
    say("bye\n");
    _exit(3);
}

}  // namespace

int main(int argc, char** argv) {
    const char* const mode = argc > 1 ? argv[1] : "";
    const auto is = [mode](const char* name) { return std::strcmp(mode, name) == 0; };
    if (is("stubborn")) signal(SIGTERM, SIG_IGN);
    if (is("polite")) signal(SIGTERM, say_bye);
    if (is("daemons") || is("deserter")) {
        daemonise(stay);
        daemonise(stay_stubbornly);
    }
    if (is("hopper")) daemonise(hop);
    if (is("locks")) make_locks();
    if (is("workers")) make_workers();
    if (is("headless")) leave_others();
    if (is("prefork")) prefork();
    if (is("background")) {
        daemonise(serve_in_background);
        say("ready\n");
        usleep(300'000);  // as one that checks whether its server runs
        return 0;
    }
    say("ready\n");
    if (is("deserter")) return 7;
    wait_for_ever();
}
