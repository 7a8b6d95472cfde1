// small_stacks LEFT [ALTERNATE]: a thread "victim" that waits, again and again, with LEFT bytes of
// its stack left below the call; the stack is the smallest that POSIX allows. With LEFT "painted"
// it waits once and for all, on a large stack that is filled with a pattern. ALTERNATE: the size of
// the alternate signal stack that the thread has (0: none). Commands, one a line:
//   count   "count N": how often it has waited
//   mark    "mark N": takes the depth of the wait for the beginning; N is the stack pointer there
//   depth   "depth OWN ALTERNATE": how many bytes below that, and of the alternate stack, have
//           been written to since the start
//   signals "signals N": how many SIGUSR1 the thread has handled
//   poke    sends it one
//   quit    ends the process with 0; so does the end of the input
#include "say.hpp"

#include <alloca.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using target::say;

constexpr std::size_t kPainted = 256 * 1024;
constexpr unsigned char kPaint = 0xa5;
constexpr std::size_t kRedZone = 128;

bool painted = false;
std::size_t wanted_left = 0;
std::size_t alternate_size = 0;
unsigned char* own = nullptr;
unsigned char* alternate = nullptr;
std::atomic<int> tid{0};
std::atomic<unsigned long> count{0};
std::atomic<unsigned long> signals{0};
pthread_t victim_thread;
std::uintptr_t marked = 0;

struct Unwound {
    ~Unwound() { say("unwound"); }
};

void on_signal(int) {
    signals.fetch_add(1);
}

unsigned char* paint(std::size_t size) {
    void* const memory =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) _exit(2);
    memset(memory, kPaint, size);
    return static_cast<unsigned char*>(memory);
}

std::size_t untouched(const unsigned char* memory, std::size_t size) {
    std::size_t count = 0;
    while (count < size && memory[count] == kPaint)
        ++count;
    return count;
}

// Reads what this very process shows of its thread.
std::uintptr_t stack_pointer_of(int thread) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", thread);
    FILE* const file = fopen(path, "r");
    char line[256] = {};
    if (file == nullptr || fgets(line, sizeof line, file) == nullptr) return 0;
    fclose(file);
    char* last = strrchr(line, ' ');
    if (last == nullptr) return 0;
    *last = '\0';
    last = strrchr(line, ' ');
    return last != nullptr ? strtoul(last, nullptr, 16) : 0;
}

[[gnu::noinline]] void wait_at_depth(std::size_t down) {
    volatile unsigned char* const frame = static_cast<unsigned char*>(alloca(down));
    frame[0] = 1;
    const timespec moment{0, 2'000'000};
    for (;;) {
        if (painted) {
            pause();
        } else {
            nanosleep(&moment, nullptr);
        }
        count.fetch_add(1);
    }
}

void* victim(void*) {
    pthread_setname_np(pthread_self(), "victim");
    const Unwound unwound;
    if (alternate_size != 0) {
        alternate = paint(alternate_size);
        stack_t stack{};
        stack.ss_sp = alternate;
        stack.ss_size = alternate_size;
        if (sigaltstack(&stack, nullptr) != 0) _exit(3);
    }
    std::size_t down = 16;
    if (!painted) {
        pthread_attr_t attributes;
        void* low = nullptr;
        std::size_t size = 0;
        pthread_getattr_np(pthread_self(), &attributes);
        pthread_attr_getstack(&attributes, &low, &size);
        pthread_attr_destroy(&attributes);
        // The frames of the last two calls come on top of it.
        constexpr std::size_t kFrames = 192;
        const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
        const std::size_t left = here - reinterpret_cast<std::uintptr_t>(low);
        if (left < wanted_left + kFrames) _exit(4);
        down = left - wanted_left - kFrames;
    }
    tid = gettid();
    wait_at_depth(down);
    return nullptr;
}

void* bystander(void*) {
    for (;;)
        pause();
}

// The limit holds from the program's start: once more, with a low one. Where main's stack ends is
// in /proc/self/maps.
int main_at_its_limit(char** argv) {
    constexpr rlim_t kLimit = 512 * 1024;
    rlimit limit{};
    getrlimit(RLIMIT_STACK, &limit);
    if (limit.rlim_cur != kLimit) {
        limit.rlim_cur = kLimit;
        setrlimit(RLIMIT_STACK, &limit);
        execv("/proc/self/exe", argv);
        return 1;
    }
    std::uintptr_t end = 0;
    FILE* const maps = fopen("/proc/self/maps", "r");
    char line[512];
    while (maps != nullptr && fgets(line, sizeof line, maps) != nullptr) {
        if (strstr(line, "[stack]") != nullptr) end = strtoul(strchr(line, '-') + 1, nullptr, 16);
    }
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1024 * 1024);
    pthread_t thread;
    if (end == 0 || pthread_create(&thread, &attributes, bystander, nullptr) != 0) return 1;
    say("ready");
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    constexpr std::size_t kFrames = 192;
    wait_at_depth(here - (end - kLimit) - strtoul(argv[2], nullptr, 10) - kFrames);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 1;
    if (argc > 2 && strcmp(argv[1], "main") == 0) return main_at_its_limit(argv);
    painted = strcmp(argv[1], "painted") == 0;
    wanted_left = strtoul(argv[1], nullptr, 10);
    if (argc > 2) alternate_size = strtoul(argv[2], nullptr, 10);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (painted) {
        own = paint(kPainted);
        pthread_attr_setstack(&attributes, own, kPainted);
    } else {
        pthread_attr_setstacksize(&attributes, static_cast<std::size_t>(PTHREAD_STACK_MIN));
    }
    signal(SIGUSR1, on_signal);
    if (pthread_create(&victim_thread, &attributes, victim, nullptr) != 0) return 1;
    while (tid == 0)
        usleep(1000);
    say("ready");
    char line[64];
    while (fgets(line, sizeof line, stdin) != nullptr) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "count") == 0) {
            say("count %lu", count.load());
        } else if (strcmp(line, "mark") == 0) {
            marked = stack_pointer_of(tid);
            if (own != nullptr && marked != 0) {
                // It has been deeper on its way here.
                memset(own, kPaint, marked - kRedZone - reinterpret_cast<std::uintptr_t>(own));
            }
            say("mark %lu", static_cast<unsigned long>(marked));
        } else if (strcmp(line, "depth") == 0) {
            const auto lowest =
                reinterpret_cast<std::uintptr_t>(own) + untouched(own, own ? kPainted : 0);
            const std::size_t used = alternate_size - untouched(alternate, alternate_size);
            say("depth %ld %lu", static_cast<long>(marked - lowest),
                static_cast<unsigned long>(used));
        } else if (strcmp(line, "signals") == 0) {
            say("signals %lu", signals.load());
        } else if (strcmp(line, "poke") == 0) {
            pthread_kill(victim_thread, SIGUSR1);
            say("poked");
        } else if (strcmp(line, "quit") == 0) {
            break;
        }
    }
    return 0;
}
