// scenario_target PORT: what scenarios are tried on. Threads: "holder", which has a lock for as
// long as it lives; "waiter", which wants it from SIGUSR1 on; "worker-0" and "worker-1", which
// count. Main answers each TCP connection with "pong" once worker-0 has counted on. SIGTERM: exit
// code 7.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>

pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;

namespace {

std::atomic<bool> wanted = false;
std::atomic<bool> held = false;
std::atomic<unsigned long> counts[2];

void pause_shortly() {
    const timespec time{0, 1'000'000};
    nanosleep(&time, nullptr);
}

void* hold(void*) {
    pthread_setname_np(pthread_self(), "holder");
    pthread_mutex_lock(&shared_lock);
    held = true;
    while (true)
        pause_shortly();
    return nullptr;
}

void* want(void*) {
    pthread_setname_np(pthread_self(), "waiter");
    while (!wanted)
        pause_shortly();
    pthread_mutex_lock(&shared_lock);
    return nullptr;
}

void* work(void* argument) {
    auto* const count = static_cast<std::atomic<unsigned long>*>(argument);
    pthread_setname_np(pthread_self(), count == counts ? "worker-0" : "worker-1");
    while (true) {
        (*count)++;
        pause_shortly();
    }
    return nullptr;
}

int listen_on(int port) {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<unsigned short>(port));
    if (bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(descriptor, 16) != 0) {
        perror("listen");
        _exit(1);
    }
    return descriptor;
}

}  // namespace

int main(int, char** argv) {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    signal(SIGTERM, [](int) { _exit(7); });
    signal(SIGUSR1, [](int) { wanted = true; });
    pthread_t thread{};
    pthread_create(&thread, nullptr, hold, nullptr);
    pthread_create(&thread, nullptr, want, nullptr);
    pthread_create(&thread, nullptr, work, &counts[0]);
    pthread_create(&thread, nullptr, work, &counts[1]);
    while (!held || counts[0] == 0 || counts[1] == 0)
        pause_shortly();
    const int listener = listen_on(std::atoi(argv[1]));
    const char* const word = std::getenv("WORD");
    printf("ready %s\n", word != nullptr ? word : "");
    while (true) {
        const int client = accept(listener, nullptr, nullptr);
        if (client < 0) continue;
        const unsigned long before = counts[0];
        while (counts[0] == before)
            pause_shortly();
        dprintf(client, "pong\n");
        close(client);
    }
}
