// stacks_target WHAT: a thread named "victim" whose backtrace is hard to take, and two bystanders
// that count. Prints "ready" when it stands, "counts A B" for each line read, ends with its input.
//   inlined    in a function that was inlined twice
//   recursion  ten thousand calls deep
//   handler    in a signal handler, on top of interrupted code
//   generated  called from code that was made at run time and has no tables
//   corrupt    its return addresses are overwritten
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace {

std::atomic<bool> standing{false};
std::atomic<unsigned long> counts[2];
volatile int sink = 0;

void stand() {
    standing.store(true);
    for (;;)
        pause();
}

[[gnu::always_inline]] inline void innermost_inlined() {
    sink = sink + 1;
    stand();
    sink = sink + 1;
}
[[gnu::always_inline]] inline void middle_inlined() {
    innermost_inlined();
    sink = sink + 2;
}
[[gnu::noinline]] void outer_of_inlined() {
    middle_inlined();
    sink = sink + 3;
}

[[gnu::noinline]] int recurse(int left) {
    if (left == 0) stand();
    const int below = left > 0 ? recurse(left - 1) : 0;
    return below + sink;
}

void on_signal(int) {
    stand();
}
[[gnu::noinline]] void interrupted_code() {
    raise(SIGUSR1);
    sink = sink + 1;
}

// sub $8,%rsp; movabs $stand,%rax; call *%rax; add $8,%rsp; ret
[[gnu::noinline]] void call_generated_code() {
    unsigned char code[] = {0x48, 0x83, 0xec, 0x08, 0x48, 0xb8, 0,    0,    0,    0,   0,
                            0,    0,    0,    0xff, 0xd0, 0x48, 0x83, 0xc4, 0x08, 0xc3};
    void (*const target)() = stand;
    std::memcpy(code + 6, &target, sizeof target);
    void* const memory =
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memcpy(memory, code, sizeof code);
    reinterpret_cast<void (*)()>(memory)();
    sink = sink + 1;
}

// Never returns, so nobody but an unwinder will miss what it overwrites.
[[gnu::noinline]] void overwrite_stack() {
    volatile std::uint64_t here[4] = {};
    auto* const above = const_cast<std::uint64_t*>(here);
    for (int i = 0; i < 64; ++i)
        static_cast<volatile std::uint64_t*>(above)[i] =
            0x4141414141414141U + static_cast<unsigned>(i);
    stand();
}

void* victim(void* argument) {
    pthread_setname_np(pthread_self(), "victim");
    const char* const what = static_cast<const char*>(argument);
    if (std::strcmp(what, "inlined") == 0) outer_of_inlined();
    if (std::strcmp(what, "recursion") == 0) sink = recurse(10'000);
    if (std::strcmp(what, "handler") == 0) interrupted_code();
    if (std::strcmp(what, "generated") == 0) call_generated_code();
    if (std::strcmp(what, "corrupt") == 0) overwrite_stack();
    return nullptr;
}

void* bystander(void* argument) {
    pthread_setname_np(pthread_self(), "bystander");
    auto* const count = static_cast<std::atomic<unsigned long>*>(argument);
    const timespec moment{0, 200'000};
    for (;;) {
        count->fetch_add(1);
        nanosleep(&moment, nullptr);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigaction(SIGUSR1, &action, nullptr);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 8 << 20);
    pthread_t thread;
    pthread_create(&thread, &attributes, victim, argv[1]);
    for (auto& count : counts)
        pthread_create(&thread, nullptr, bystander, &count);
    const timespec moment{0, 1'000'000};
    while (!standing.load())
        nanosleep(&moment, nullptr);
    std::puts("ready");
    std::fflush(stdout);
    char line[64];
    while (std::fgets(line, sizeof line, stdin) != nullptr) {
        std::printf("counts %lu %lu\n", counts[0].load(), counts[1].load());
        std::fflush(stdout);
    }
    return 0;
}
