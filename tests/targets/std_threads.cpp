// Three std::threads named worker-0 to worker-2 that count; each line of input is answered with
// the counts. SIGUSR1 is reported with its value and the name of the thread that got it.
#include "say.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace {

std::atomic<long> counts[3];

struct Witness {
    int number;
    ~Witness() { target::say("dtor %d", number); }
};

void work(int number) {
    const Witness witness{number};
    pthread_setname_np(pthread_self(), ("worker-" + std::to_string(number)).c_str());
    while (true) {
        counts[number]++;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

void report_signal(int signal, siginfo_t* info, void*) {
    char name[16] = {};
    prctl(PR_GET_NAME, name);
    target::say("signal %d value %d on %s", signal, info->si_value.sival_int, name);
}

}  // namespace

int main() {
    struct sigaction action = {};
    action.sa_sigaction = report_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGUSR1, &action, nullptr);
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; i++)
        threads.emplace_back(work, i);
    for (const auto& count : counts) {
        while (count == 0)
            std::this_thread::yield();
    }
    target::say("ready");
    char byte;
    while (read(STDIN_FILENO, &byte, 1) == 1) {
        if (byte == '\n') {
            target::say("counts %ld %ld %ld", counts[0].load(), counts[1].load(), counts[2].load());
        }
    }
    _exit(0);
}
