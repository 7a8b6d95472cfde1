// The descriptors of a program with threads: which are open, and which number comes next.
#include "say.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void show(const char* when) {
    char list[512];
    int length = 0;
    DIR* directory = opendir("/proc/self/fd");
    for (dirent* entry; (entry = readdir(directory)) != nullptr;) {
        const int fd = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && fd != dirfd(directory) && fd < 100) {
            length += snprintf(list + length, sizeof list - static_cast<size_t>(length), " %d", fd);
        }
    }
    closedir(directory);
    list[length] = 0;
    const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    say("%s: open%s, next %d", when, list, next);
    close(next);
}

static void* thread_body(void*) {
    show("in a thread");
    return nullptr;
}

int main() {
    show("before threads");
    pthread_t thread;
    for (int i = 0; i < 3; ++i) {
        pthread_create(&thread, nullptr, thread_body, nullptr);
        pthread_join(thread, nullptr);
    }
    show("after threads");
    umask(027);
    say("umask %o", umask(022));
}
