// Calls that the kernel allows to a process of one thread only, after its threads have ended.
#include "say.hpp"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

static void in_child(const char* label, int flags) {
    const pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        pthread_create(
            &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
        pthread_join(thread, nullptr);
        // The kernel may list the joined thread for a moment longer.
        int result = -1;
        for (int i = 0; i < 2000 && result != 0; ++i) {
            errno = 0;
            result = unshare(flags);
            if (result != 0 && errno != EINVAL) break;
            if (result != 0) usleep(1000);
        }
        say("%s: %d errno %d", label, result, result == 0 ? 0 : errno);
        say("threads after it: %d",
            pthread_create(
                &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr));
        _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    say("%s: status %d", label, status);
}

int main() {
    in_child("user namespace", CLONE_NEWUSER);
    in_child("shared handlers", CLONE_SIGHAND | CLONE_VM);
}
