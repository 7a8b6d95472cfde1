// A daemon: forks twice, closes every descriptor, and then starts its threads.
#include "say.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void* work(void* sum) {
    __atomic_fetch_add(static_cast<int*>(sum), 1, __ATOMIC_RELAXED);
    return nullptr;
}

static void run_threads(int* sum) {
    pthread_t threads[8];
    for (pthread_t& thread : threads)
        pthread_create(&thread, nullptr, work, sum);
    for (const pthread_t& thread : threads)
        pthread_join(thread, nullptr);
}

int main() {
    char path[] = "/tmp/conformance-daemon-XXXXXX";
    const int file = mkstemp(path);
    if (file < 0) return 1;
    int before = 0;
    run_threads(&before);
    say("before: %d", before);
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) return 1;
    const pid_t pid = fork();
    if (pid == 0) {
        setsid();
        if (fork() != 0) _exit(0);
        if (chdir("/") != 0) _exit(1);
        umask(0777);
        // The pipe's end is closed with all others: the parent sees end of file only when the
        // daemon, helper threads included, holds no copy of it.
        if (close_range(0, ~0U, 0) != 0) _exit(2);
        int sum = 0;
        run_threads(&sum);
        const int out = open(path, O_WRONLY | O_APPEND);
        char text[64];
        const int length =
            snprintf(text, sizeof text, "daemon: %d threads, descriptor %d\n", sum, out);
        if (write(out, text, static_cast<size_t>(length)) != length) _exit(3);
        _exit(0);
    }
    close(fds[1]);
    waitpid(pid, nullptr, 0);
    char byte;
    say("pipe: %zd", read(fds[0], &byte, 1));
    char text[128] = {};
    for (int i = 0; i < 20000 && pread(file, text, sizeof text - 1, 0) <= 0; ++i)
        usleep(1000);
    text[strcspn(text, "\n")] = 0;
    say("%s", text);
    unlink(path);
}
