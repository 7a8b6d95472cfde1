// exec from a thread: arguments, environment, signal masks and dispositions reach the new image as
// they would without the shim; a failed exec leaves everything as it was.
#include "say.hpp"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// In a new image without the shim: the kernel's own view, past every interposer. With the shim,
// what the program sees of it: the shim has made itself reachable again by then.
static void show_signals(bool raw) {
    FILE* file = fopen("/proc/self/status", "re");
    char line[256];
    while (file != nullptr && fgets(line, sizeof line, file) != nullptr) {
        if (strncmp(line, "Sig", 3) != 0 || strncmp(line, "SigQ", 4) == 0) continue;
        if (!raw && strncmp(line, "SigBlk", 6) == 0) continue;
        line[strcspn(line, "\n")] = 0;
        say("%s", line);
    }
    if (file != nullptr) fclose(file);
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, nullptr, &set);
    char text[65] = {};
    for (int i = 1; i < 65; ++i)
        text[i - 1] = sigismember(&set, i) == 1 ? '1' : '.';
    say("blocked %s", text);
}

static const char* self = nullptr;

static void* executor(void* how) {
    say("missing program: %d errno %d", execl("/nonexistent/program", "x", nullptr), errno);
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, nullptr, &set);
    int blocked = 0;
    for (int i = 1; i < 65; ++i)
        blocked += sigismember(&set, i) == 1;
    say("blocked after the failure: %d", blocked);
    switch (reinterpret_cast<long>(how)) {
        case 0:
            execl(self, self, "after", "one two", nullptr);
            break;
        case 1: {
            char* const arguments[] = {const_cast<char*>(self), const_cast<char*>("after"),
                                       nullptr};
            execv(self, arguments);
            break;
        }
        case 2: {
            char* const arguments[] = {const_cast<char*>(self), const_cast<char*>("after"),
                                       nullptr};
            char* const environment[] = {const_cast<char*>("ONLY=this"), nullptr};
            execve(self, arguments, environment);
            break;
        }
        case 3:
            execlp(self, self, "after", nullptr);
            break;
        case 4: {
            char* const arguments[] = {const_cast<char*>(self), const_cast<char*>("after"),
                                       nullptr};
            fexecve(open(self, O_RDONLY | O_CLOEXEC), arguments, environ);
            break;
        }
        default:
            execle(self, self, "after", nullptr, environ);
    }
    say("exec failed: %d", errno);
    _exit(9);
}

int main(int argc, char** argv) {
    if (argc > 1 && strcmp(argv[1], "after") == 0) {
        say("new image: %d arguments, ONLY=%s", argc, getenv("ONLY") != nullptr ? "this" : "");
        show_signals(getenv("ONLY") != nullptr);
        return 7;
    }
    self = argv[0];
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, [](int) {});
    for (long how = 0; how < 6; ++how) {
        const pid_t pid = fork();
        if (pid == 0) {
            sigset_t set;
            sigfillset(&set);
            if (how % 2 == 0) sigdelset(&set, SIGTERM);
            sigprocmask(SIG_SETMASK, &set, nullptr);
            if (how % 2 == 1) raise(SIGUSR2);  // stays pending across exec
            pthread_t thread;
            pthread_create(&thread, nullptr, executor, reinterpret_cast<void*>(how));
            pthread_join(thread, nullptr);
            _exit(8);
        }
        int status = 0;
        waitpid(pid, &status, 0);
        say("how %ld: status %d", how, status);
    }
}
