// A worker that closes its descriptor in a destructor. Its death is taken well wherever it may
// come, but for that close(): out of a destructor no unwinding gets.
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cstdio>

namespace {

bool done = false;

class File {
public:
    explicit File(const char* name) : descriptor_(open(name, O_RDONLY | O_CLOEXEC)) {}
    ~File() { close(descriptor_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    bool can_read() const {
        char byte = 0;
        return read(descriptor_, &byte, 1) == 1;
    }

private:
    int descriptor_;
};

void* work(void* /*unused*/) {
    const File file("/dev/zero");
    done = file.can_read();
    return nullptr;
}

}  // namespace

int main() {
    pthread_t thread{};
    if (pthread_create(&thread, nullptr, work, nullptr) != 0) return 1;
    pthread_join(thread, nullptr);
    if (!done) work(nullptr);
    std::puts("done");
}
