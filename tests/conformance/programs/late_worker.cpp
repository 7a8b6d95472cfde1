// A main thread that is alone makes a worker and leaves, just while somebody who looks for the
// threads of the process has looked at the list of them and at nothing else: what the worker's end
// writes out is not lost.
#include "say.hpp"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

namespace {

struct Channel {
    int ends[2];
    Channel() {
        if (pipe(ends) != 0) _exit(98);
    }
    void send(const void* bytes, size_t size) const {
        if (write(ends[1], bytes, size) != static_cast<ssize_t>(size)) _exit(97);
    }
    bool receive(void* bytes, size_t size) const {
        return read(ends[0], bytes, size) == static_cast<ssize_t>(size);
    }
};

struct Channels {
    Channel to_tracer, to_main, to_first, to_second;
};

// The thread that is neither main nor the one that main has made; 0: there is none.
pid_t third_thread(pid_t process, pid_t known) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", process);
    DIR* const directory = opendir(path);
    pid_t found = 0;
    while (const dirent* const entry = directory != nullptr ? readdir(directory) : nullptr) {
        const pid_t tid = atoi(entry->d_name);
        if (tid != 0 && tid != process && tid != known) found = tid;
    }
    if (directory != nullptr) closedir(directory);
    return found;
}

bool is_at_end_of_a_directory(pid_t tid, bool* is_listing) {
    __ptrace_syscall_info info{};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof info, &info) <= 0) return false;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) *is_listing = info.entry.nr == SYS_getdents64;
    return info.op == PTRACE_SYSCALL_INFO_EXIT && *is_listing && info.exit.rval == 0;
}

// Until the thread has read a directory to its end.
bool follow_to_end_of_a_directory(pid_t tid) {
    bool is_listing = false;
    int status = 0;
    while (waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status)) {
        long signal = 0;
        if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
            if (is_at_end_of_a_directory(tid, &is_listing)) return true;
        } else if (status >> 16 == 0) {
            signal = WSTOPSIG(status);
        }
        ptrace(PTRACE_SYSCALL, tid, nullptr, signal);
    }
    return false;
}

void await_end_of_main(pid_t process) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", process);
    for (char state = 'R'; state != 'Z';) {
        FILE* const file = fopen(path, "r");
        if (file == nullptr || fscanf(file, "%*d (%*[^)]) %c", &state) != 1) return;
        fclose(file);
        const timespec moment{0, 1'000'000};
        nanosleep(&moment, nullptr);
    }
}

[[noreturn]] void trace(pid_t process, const Channels& channels) {
    pid_t known = 0;
    if (!channels.to_tracer.receive(&known, sizeof known)) _exit(0);
    pid_t tid = third_thread(process, known);
    if (tid != 0 && (ptrace(PTRACE_SEIZE, tid, nullptr, PTRACE_O_TRACESYSGOOD) != 0 ||
                     ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr) != 0)) {
        tid = 0;
    }
    channels.to_main.send("a", 1);
    const bool held = tid != 0 && follow_to_end_of_a_directory(tid);
    channels.to_main.send("g", 1);
    await_end_of_main(process);
    if (held) ptrace(PTRACE_DETACH, tid, nullptr, nullptr);
    channels.to_second.send("e", 1);
    _exit(0);
}

void* wait_for_word(void* channel) {
    char word = 0;
    static_cast<const Channel*>(channel)->receive(&word, 1);
    return nullptr;
}

void* be_the_first(void* argument) {
    auto* const channels = static_cast<Channels*>(argument);
    const pid_t tid = gettid();
    channels->to_tracer.send(&tid, sizeof tid);
    return wait_for_word(&channels->to_first);
}

}  // namespace

int main() {
    static Channels channels;
    const pid_t process = getpid();
    const pid_t tracer = fork();
    if (tracer == 0) {
        close(1);
        close(2);
        trace(process, channels);
    }
    prctl(PR_SET_PTRACER, tracer);
    char word = 0;
    pthread_t thread;
    pthread_create(&thread, nullptr, be_the_first, &channels);
    channels.to_main.receive(&word, 1);
    channels.to_first.send("e", 1);
    pthread_join(thread, nullptr);
    channels.to_main.receive(&word, 1);
    printf("what the last thread's end writes\n");
    pthread_create(&thread, nullptr, wait_for_word, &channels.to_second);
    pthread_exit(nullptr);
}
