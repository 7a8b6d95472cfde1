// Does the server answer?
#pragma once
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

inline bool ping(const char* path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    const int server = socket(AF_UNIX, SOCK_STREAM, 0);
    const timeval limit{5, 0};
    setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char answer[5];
    const bool hello =
        connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        read(server, answer, sizeof answer) == 5;
    close(server);
    return hello;
}
