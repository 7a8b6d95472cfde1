// pairs [churn]: long-lived threads that tell what the outside has to find out: "pair NAME TID
// PTHREAD START", the numbers in hexadecimal, START as an offset in this program (0 for main). With
// "churn" others come and go all the time, on the stacks and with the ids of those before them.
// Stays until its input closes.
#include "say.hpp"

#include <pthread.h>
#include <sys/syscall.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>

extern "C" const char __executable_start;

namespace {

constexpr int kSteady = 3;
constexpr int kChurners = 2;
constexpr int kAtOnce = 8;

std::atomic<int> told{0};
std::atomic<unsigned long> rounds{0};

void tell(const char* name, void* (*start)(void*)) {
    const auto address = reinterpret_cast<std::uintptr_t>(start);
    const auto base = reinterpret_cast<std::uintptr_t>(&__executable_start);
    pthread_setname_np(pthread_self(), name);
    target::say("pair %s %lx %lx %lx", name, static_cast<unsigned long>(syscall(SYS_gettid)),
                static_cast<unsigned long>(pthread_self()),
                static_cast<unsigned long>(start == nullptr ? 0 : address - base));
    told.fetch_add(1);
}

[[noreturn]] void stay() {
    while (true)
        pause();
}

// Routines of their own, so that none can stand for another.
template <int number>
void* steady(void*) {
    const char name[] = {'s', 't', 'e', 'a', 'd', 'y', '-', '0' + number, '\0'};
    tell(name, steady<number>);
    stay();
}

void* brief(void*) {
    rounds.fetch_add(1);
    return nullptr;
}

void* churner(void*) {
    tell("churner", churner);
    while (true) {
        pthread_t threads[kAtOnce];
        int started = 0;
        while (started < kAtOnce && pthread_create(&threads[started], nullptr, brief, nullptr) == 0)
            ++started;
        for (int i = 0; i < started; ++i)
            pthread_join(threads[i], nullptr);
    }
}

void start(void* (*routine)(void*)) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, routine, nullptr) != 0) std::abort();
}

}  // namespace

int main(int argc, char** argv) {
    const bool churn = argc == 2 && std::strcmp(argv[1], "churn") == 0;
    tell("main", nullptr);
    start(steady<0>);
    start(steady<1>);
    start(steady<2>);
    for (int i = 0; churn && i < kChurners; ++i)
        start(churner);
    while (told < 1 + kSteady + (churn ? kChurners : 0) || (churn && rounds < 100))
        usleep(1000);
    target::say("ready");
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    _exit(0);
}
