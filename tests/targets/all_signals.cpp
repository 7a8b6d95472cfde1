// all_signals early|late [N]: has a handler of its own for every real-time signal but N, before or
// after its first thread. Says "ready", then waits for the end of its input, and ends as a program
// may whose main thread ends first.
#include "say.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace {

void nothing(int) {}

void take_all(int but) {
    struct sigaction action {};
    action.sa_handler = nothing;
    action.sa_flags = SA_RESTART;
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number)
        if (number != but) sigaction(number, &action, nullptr);
}

void wait_for_input_to_end() {
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

void* victim(void*) {
    wait_for_input_to_end();
    return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    const bool late = argc > 1 && std::strcmp(argv[1], "late") == 0;
    const int but = argc > 2 ? std::atoi(argv[2]) : 0;
    if (!late) take_all(but);
    pthread_t thread{};
    pthread_create(&thread, nullptr, victim, nullptr);
    pthread_setname_np(thread, "victim");
    if (late) take_all(but);
    target::say("ready");
    wait_for_input_to_end();
    pthread_exit(nullptr);
}
