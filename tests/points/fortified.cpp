// fortified COUNT: reads and receives as often, compiled with _FORTIFY_SOURCE: what the source
// calls read() and recv() is __read_chk() and __recv_chk() in the program. Each failure is printed
// as "read hit NUMBER ERRNO", in the end "reads COUNT recvs COUNT bytes N": what really came.
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

struct Tally {
    const char* call;
    int made = 0;
    long bytes = 0;

    void note(ssize_t got) {
        ++made;
        if (got < 0) std::printf("%s hit %d %d\n", call, made, errno);
        if (got > 0) bytes += got;
    }
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    const int count = std::atoi(argv[1]);
    // The compiler knows the buffer, and not how much is asked for.
    char buffer[16];
    const auto length = static_cast<std::size_t>(argc - 1);
    const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    int ends[2];
    if (zero < 0 || socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0) return 1;
    Tally reads{"read"};
    Tally receipts{"recv"};
    for (int i = 0; i < count; i++) {
        reads.note(read(zero, buffer, length));
        if (send(ends[0], buffer, 1, 0) != 1) return 1;
        receipts.note(recv(ends[1], buffer, length, 0));
    }
    std::printf("reads %d recvs %d bytes %ld\n", reads.made, receipts.made,
                reads.bytes + receipts.bytes);
}
