// Calls on objects of all kinds, of which some can't give an error that others can. Prints for each
// what it returned: "NAME ERROR", and the signal that came with it.
#include "connecting.hpp"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

volatile sig_atomic_t signal_seen = 0;
volatile sig_atomic_t signal_code = 0;
volatile sig_atomic_t signal_thread = 0;

void see_signal(int number, siginfo_t* info, void* /*context*/) {
    signal_seen = number;
    signal_code = info->si_code == SI_USER && info->si_pid == getpid() ? 1 : 2;
    signal_thread = static_cast<int>(syscall(SYS_gettid));
}

const char* name_of(int error) {
    return error == 0 ? "0" : strerrorname_np(error);
}

void show(const std::string& name, int error) {
    std::printf("%s %s", name.c_str(), name_of(error));
    if (signal_seen != 0) {
        std::printf(" SIG%s%s%s", sigabbrev_np(signal_seen), signal_code == 1 ? "" : " forged",
                    signal_thread == static_cast<int>(syscall(SYS_gettid)) ? "" : " elsewhere");
        signal_seen = 0;
    }
    std::printf("\n");
}

int of(long result) {
    return result < 0 ? errno : 0;
}

pthread_mutex_t* mutex_of(int type, int robust = PTHREAD_MUTEX_STALLED,
                          int protocol = PTHREAD_PRIO_NONE) {
    auto* const mutex = new pthread_mutex_t;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, type);
    pthread_mutexattr_setrobust(&attributes, robust);
    pthread_mutexattr_setprotocol(&attributes, protocol);
    pthread_mutex_init(mutex, &attributes);
    return mutex;
}

const std::vector<std::pair<std::string, pthread_mutex_t*>>& mutexes() {
    static const std::vector<std::pair<std::string, pthread_mutex_t*>> all = {
        {"normal", mutex_of(PTHREAD_MUTEX_NORMAL)},
        {"adaptive", mutex_of(PTHREAD_MUTEX_ADAPTIVE_NP)},
        {"recursive", mutex_of(PTHREAD_MUTEX_RECURSIVE)},
        {"checking", mutex_of(PTHREAD_MUTEX_ERRORCHECK)},
        {"robust", mutex_of(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST)},
        {"inheriting", mutex_of(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_INHERIT)},
    };
    return all;
}

void lock_all() {
    for (const auto& [name, mutex] : mutexes()) {
        const int error = pthread_mutex_lock(mutex);
        if (error == 0) pthread_mutex_unlock(mutex);
        show(name, error);
    }
}

void unlock_all() {
    for (const auto& [name, mutex] : mutexes()) {
        pthread_mutex_lock(mutex);
        show(name, pthread_mutex_unlock(mutex));
    }
}

struct File {
    std::string name;
    int descriptor;
};

int with_time_limit(int socket) {
    const timeval limit{5, 0};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return socket;
}

// Not a call that a SPEC is about.
bool put_bytes(int descriptor) {
    return syscall(SYS_write, descriptor, "xxxx", 4) == 4;
}

// Each holds something to read.
std::vector<File> files() {
    std::vector<File> all;
    const auto pipe_with = [](int flags, int end) {
        int ends[2];
        if (pipe2(ends, flags | O_CLOEXEC) != 0 || !put_bytes(ends[1])) std::abort();
        return ends[end];
    };
    const auto pair_of = [](int type) {
        int ends[2];
        if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
        for (int i = 0; i < 2; ++i) {
            if (!put_bytes(ends[i])) std::abort();
        }
        return ends[0];
    };
    char path[] = "/tmp/threadfault-objects-XXXXXX";
    const int file = mkostemp(path, O_CLOEXEC);
    unlink(path);
    if (!put_bytes(file) || lseek(file, 0, SEEK_SET) != 0) std::abort();
    all.push_back({"file", file});
    all.push_back({"device", open("/dev/zero", O_RDWR | O_CLOEXEC)});
    all.push_back({"pipe", pipe_with(0, 0)});
    all.push_back({"pipe-nonblocking", pipe_with(O_NONBLOCK, 0)});
    all.push_back({"stream", pair_of(SOCK_STREAM)});
    all.push_back({"stream-nonblocking", pair_of(SOCK_STREAM | SOCK_NONBLOCK)});
    all.push_back({"stream-with-limit", with_time_limit(pair_of(SOCK_STREAM))});
    all.push_back({"datagram", pair_of(SOCK_DGRAM)});
    all.push_back({"eventfd", eventfd(7, EFD_CLOEXEC)});
    return all;
}

void read_all() {
    for (const File& file : files()) {
        char bytes[8];
        show(file.name, of(read(file.descriptor, bytes, sizeof bytes)));
    }
}

void write_all() {
    for (const File& file : files()) {
        const std::uint64_t one = 1;
        if (file.name.starts_with("pipe")) {
            int ends[2];
            if (pipe2(ends, file.name == "pipe" ? 0 : O_NONBLOCK) != 0) std::abort();
            show(file.name, of(write(ends[1], &one, sizeof one)));
        } else {
            show(file.name, of(write(file.descriptor, &one, sizeof one)));
        }
    }
}

void close_all() {
    for (const File& file : files())
        show(file.name, of(close(file.descriptor)));
}

void receive_all() {
    for (const File& file : files()) {
        char byte = 0;
        if (!file.name.starts_with("stream") && file.name != "datagram") continue;
        show(file.name, of(recv(file.descriptor, &byte, 1, 0)));
        if (file.name == "stream") {
            show("stream-dontwait", of(recv(file.descriptor, &byte, 1, MSG_DONTWAIT)));
        }
    }
}

void send_all() {
    for (const File& file : files()) {
        if (file.name != "stream" && file.name != "datagram") continue;
        show(file.name, of(send(file.descriptor, "x", 1, 0)));
        show(file.name + "-nosignal", of(send(file.descriptor, "x", 1, MSG_NOSIGNAL)));
    }
}

void open_all() {
    const auto try_open = [](const char* name, int flags) {
        const int descriptor = open("/dev/null", flags | O_CLOEXEC, 0600);
        show(name, of(descriptor));
        if (descriptor >= 0) close(descriptor);
    };
    try_open("read", O_RDONLY);
    try_open("write", O_WRONLY);
    try_open("create", O_WRONLY | O_CREAT);
}

void wait_all() {
    show("nohang", of(waitpid(-1, nullptr, WNOHANG)));
    show("hang", of(waitpid(-1, nullptr, 0)));
}

void poll_all() {
    const int poll = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    show("at-once", of(epoll_wait(poll, &event, 1, 0)));
    show("waiting", of(epoll_wait(poll, &event, 1, 1)));
}

void create_all() {
    const auto nothing = [](void* argument) { return argument; };
    const auto try_create = [&](const char* name, const pthread_attr_t* attributes) {
        pthread_t thread{};
        const int error = pthread_create(&thread, attributes, nothing, nullptr);
        if (error == 0) pthread_join(thread, nullptr);
        show(name, error);
    };
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    try_create("default", nullptr);
    try_create("attributes", &attributes);
}

void on_a_thread(void (*what)()) {
    std::thread([what] { what(); }).join();
}

}  // namespace

int main(int argc, char** argv) {
    const std::pair<std::string, void (*)()> kModes[] = {
        {"lock", lock_all},
        {"unlock", unlock_all},
        {"read", read_all},
        {"write", write_all},
        {"close", close_all},
        {"recv", receive_all},
        {"send", send_all},
        {"open", open_all},
        {"wait", wait_all},
        {"epoll", poll_all},
        {"create", create_all},
        {"connect", connect_and_wait},
        {"connect-again", connect_again},
        {"connect-full", connect_to_a_full_queue},
        {"connect-local", connect_locally},
    };
    struct sigaction action {};
    action.sa_sigaction = see_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    // "default" leaves SIGPIPE and SIGXFSZ as they are.
    if (argc < 3 || std::strcmp(argv[2], "default") != 0) {
        sigaction(SIGPIPE, &action, nullptr);
        sigaction(SIGXFSZ, &action, nullptr);
    }
    for (const auto& [name, what] : kModes) {
        if (argc < 2 || name != argv[1]) continue;
        on_a_thread(what);
        return 0;
    }
    return 2;
}
