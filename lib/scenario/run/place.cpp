#include "scenario/run/place.hpp"

#include "base/random_seed.hpp"
#include "format/format.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <random>
#include <set>
#include <system_error>

namespace threadfault::scenario {
namespace {

constexpr int kFirstPort = 20000;
constexpr int kLastPort = 32000;

bool can_bind(int type, int port) {
    const int descriptor = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return false;
    // As servers do: a port whose last connections are in TIME_WAIT is free.
    const int on = 1;
    if (type == SOCK_STREAM) setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const bool bound =
        bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(descriptor);
    return bound;
}

}  // namespace

int free_port() {
    static std::mutex mutex;
    static std::set<int> given;
    static std::mt19937_64 generator{base::random_seed()};
    const std::lock_guard lock(mutex);
    std::uniform_int_distribution<int> any(kFirstPort, kLastPort);
    for (int attempt = 0; attempt < 10000; ++attempt) {
        const int port = any(generator);
        if (given.count(port) != 0 || !can_bind(SOCK_STREAM, port) || !can_bind(SOCK_DGRAM, port))
            continue;
        given.insert(port);
        return port;
    }
    // Thousands of tests: the early ones' ports are free again.
    given.clear();
    throw std::system_error(EADDRINUSE, std::generic_category(), "no free port");
}

ScratchDirectory::ScratchDirectory() {
    const char* const base = std::getenv("TMPDIR");
    std::random_device random;
    path_ =
        formatted("{}/threadfault-test-{:08x}{:08x}{:08x}",
                  base != nullptr && base[0] == '/' ? base : "/tmp", random(), random(), random());
}

void ScratchDirectory::make() const {
    std::filesystem::create_directory(path_);
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
}

ScratchDirectory::~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace threadfault::scenario
