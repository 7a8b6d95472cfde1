// A program that has joined its threads has one: it looks so in /proc a moment later, and at a fork
// at once.
#include "say.hpp"

#include <dirent.h>
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void* run(void* argument) {
    return argument;
}

static int tasks() {
    DIR* const directory = opendir("/proc/self/task");
    int count = 0;
    while (const dirent* entry = readdir(directory))
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static void make_and_join() {
    pthread_t thread;
    pthread_create(&thread, nullptr, run, nullptr);
    pthread_join(thread, nullptr);
}

// Joined threads may stay listed for a moment: the deadline is only for them.
static int fewest_tasks_within_two_seconds() {
    int fewest = tasks();
    for (int i = 0; i < 400 && fewest > 1; ++i) {
        const timespec moment{0, 5'000'000};
        nanosleep(&moment, nullptr);
        const int now = tasks();
        if (now < fewest) fewest = now;
    }
    return fewest;
}

static int in_parent_at_fork = 0;

int main() {
    make_and_join();
    say("after a while: %d", fewest_tasks_within_two_seconds());
    pthread_atfork(
        nullptr, [] { in_parent_at_fork = tasks(); }, nullptr);
    make_and_join();
    // The joined thread itself may still be listed when the fork is over.
    for (int i = 0; i < 20; ++i) {
        const pid_t child = fork();
        if (child == 0) _exit(tasks());
        int status = 0;
        waitpid(child, &status, 0);
        if (i == 19)
            say("forked: %d here, %d in the child", in_parent_at_fork, WEXITSTATUS(status));
    }
    make_and_join();
    say("and once more: %d", fewest_tasks_within_two_seconds());
}
