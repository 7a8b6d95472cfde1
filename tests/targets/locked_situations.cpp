// Victims that hold a lock of libc's own, each in a way that holds it for certain.
#include "say.hpp"
#include "situations.hpp"

#include <dlfcn.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace target {
namespace {

constexpr std::uintptr_t kPage = 4096;

[[noreturn]] void sleep_for_ever() {
    const timespec hour{3600, 0};
    while (true)
        nanosleep(&hour, nullptr);
}

void stay_in_the_allocator(int) {
    say("ready");
    sleep_for_ever();
}

}  // namespace

// glibc offers no call that stays inside malloc. So the header of the top chunk is made unreadable:
// the next malloc that needs it faults with the arena's lock held, and its SIGSEGV handler stays.
void hold_allocator_lock() {
    constexpr std::size_t kSize = 16 * kPage;
    auto* block = static_cast<unsigned char*>(malloc(kSize));
    // The top chunk follows: its size field is one word behind the end of this block's usable part.
    const auto header = reinterpret_cast<std::uintptr_t>(block) + malloc_usable_size(block);
    struct sigaction action = {};
    action.sa_handler = stay_in_the_allocator;
    sigaction(SIGSEGV, &action, nullptr);
    mprotect(reinterpret_cast<void*>(header & ~(kPage - 1)), kPage, PROT_NONE);
    say("failed: malloc did not fault: %p", malloc(4 * kSize));
}

void hold_loader_lock_in_callback() {
    dl_iterate_phdr(
        [](dl_phdr_info*, std::size_t, void*) {
            say("ready");
            sleep_for_ever();
            return 0;
        },
        nullptr);
}

// The plugin's constructor says "ready" and sleeps.
void hold_loader_lock_in_constructor() {
    if (dlopen(TARGET_PLUGIN, RTLD_NOW) == nullptr) say("failed: %s", dlerror());
}

void hold_stdout_lock() {
    flockfile(stdout);
    say("ready");
    sleep_for_ever();
}

// glibc's pthread_sigmask would leave threadfault's signal out.
void be_deaf() {
    const std::uint64_t everything = ~std::uint64_t{0};
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &everything, nullptr, sizeof everything);
    say("ready");
    const timespec hour{3600, 0};
    while (true)
        syscall(SYS_nanosleep, &hour, nullptr);
}

}  // namespace target
