// server SOCKET: three workers, each answers "hello" to whoever connects.
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>

static void work(int listener) {
    pthread_setname_np(pthread_self(), "worker");
    while (true) {
        const int client = accept(listener, nullptr, nullptr);
        if (client < 0) continue;
        if (send(client, "hello", 5, MSG_NOSIGNAL) < 0) return;
        close(client);
    }
}

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    unlink(argv[1]);
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 1;
    for (int i = 0; i < 3; i++)
        std::thread(work, listener).detach();
    if (listen(listener, 16) != 0) return 1;
    while (true)
        pause();
}
