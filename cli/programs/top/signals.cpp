#include "programs/top/signals.hpp"

#include <utility>

namespace threadfault::cli::top {
namespace {

// Handlers only set them: async-signal-safe.
volatile sig_atomic_t end_asked = 0;
volatile sig_atomic_t stop_asked = 0;
volatile sig_atomic_t continued = 0;

void note_end(int) {
    end_asked = 1;
}

void note_stop(int) {
    stop_asked = 1;
}

void note_continue(int) {
    continued = 1;
}

constexpr int kEnds[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

void handle(int signal, void (*handler)(int)) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    // What is ignored, by nohup and the like, stays so.
    if (before.sa_handler == SIG_IGN) return;
    struct sigaction action {};
    action.sa_handler = handler;
    sigfillset(&action.sa_mask);
    sigaction(signal, &action, nullptr);
}

bool take(volatile sig_atomic_t& flag) noexcept {
    const bool was = flag != 0;
    flag = 0;
    return was;
}

}  // namespace

Signals::Signals() {
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int signal : kEnds) {
        handle(signal, note_end);
        sigaddset(&blocked, signal);
    }
    for (const int signal : {SIGTSTP, SIGCONT, SIGWINCH})
        sigaddset(&blocked, signal);
    sigprocmask(SIG_BLOCK, &blocked, &outside_);
    // Somebody may have started us with them blocked.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH})
        sigdelset(&outside_, signal);
}

// Those that ncurses has handlers for are taken from it, once it has set them.
void Signals::catch_all() {
    if (std::exchange(caught_stop_, true)) return;
    handle(SIGTSTP, note_stop);
    handle(SIGCONT, note_continue);
}

void Signals::wait(pollfd* fds, std::size_t count, std::chrono::nanoseconds time) {
    catch_all();
    constexpr long kSecond = 1'000'000'000;
    const timespec left{time.count() / kSecond, time.count() % kSecond};
    if (ppoll(fds, count, &left, &outside_) < 0) {
        for (std::size_t i = 0; i < count; ++i)
            fds[i].revents = 0;
    }
}

bool Signals::end() const noexcept {
    return end_asked != 0;
}

bool Signals::take_stop() noexcept {
    return take(stop_asked);
}

bool Signals::take_continue() noexcept {
    return take(continued);
}

}  // namespace threadfault::cli::top
