// Signal-driven I/O: each descriptor sends a real-time signal to the loop's thread when something
// changes (F_SETSIG, F_SETOWN_EX, O_ASYNC). Two things make it lose such edges: signals go to one
// tid, and to nobody when that thread is dead; and when the queue of pending signals is full, the
// kernel sends a plain SIGIO instead, which does not say for which descriptor.
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

#include "engine.hpp"

namespace echo_server {
namespace {

class SigioEngine : public Engine {
public:
    SigioEngine(ConnectionTable& table, Mode mode) : table_(table), signal_(SIGRTMIN + 1) {
        late_.reserve(2 * ConnectionTable::kCapacity);
        sigemptyset(&awaited_);
        sigaddset(&awaited_, signal_);
        if (mode == Mode::robust) {
            sigaddset(&awaited_, SIGIO);
        } else {
            // By default it would end the process.
            std::signal(SIGIO, SIG_IGN);
        }
        // Before any thread is made, so that all of them inherit it.
        pthread_sigmask(SIG_BLOCK, &awaited_, nullptr);
    }

    void adopt(int wake_pipe, std::vector<int>& ready) override {
        late_.clear();
        direct_to_me(wake_pipe);
        for (int index = 0; index < ConnectionTable::kCapacity; ++index) {
            if (table_.at(index).state == State::open) direct_to_me(table_.at(index).descriptor);
        }
        add_all(ready);
    }

    void watch(int index) override {
        direct_to_me(table_.at(index).descriptor);
        // What came before the first signal could is not announced.
        late_.push_back(index);
    }

    void update(int /*index*/) override {}

    int wait(std::vector<int>& ready) override {
        ready.swap(late_);
        const timespec tenth{0, ready.empty() ? kWaitMilliseconds * 1'000'000L : 0L};
        siginfo_t info{};
        const int signal = sigtimedwait(&awaited_, &info, &tenth);
        if (signal < 0) return errno == EAGAIN ? 0 : errno;
        if (signal == SIGIO) {
            add_all(ready);
        } else {
            const int index = table_.index_of(info.si_fd);
            if (index >= 0) ready.push_back(index);
        }
        return 0;
    }

private:
    void direct_to_me(int descriptor) const {
        const f_owner_ex me{F_OWNER_TID, gettid()};
        fcntl(descriptor, F_SETSIG, signal_);
        fcntl(descriptor, F_SETOWN_EX, &me);
        fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_ASYNC);
    }

    // Any of them may have something.
    void add_all(std::vector<int>& ready) {
        for (int index = 0; index < ConnectionTable::kCapacity; ++index) {
            if (table_.at(index).state == State::open) ready.push_back(index);
        }
    }

    ConnectionTable& table_;
    const int signal_;
    sigset_t awaited_{};
    std::vector<int> late_;
};

}  // namespace

std::unique_ptr<Engine> make_sigio_engine(ConnectionTable& table, Mode mode) {
    return std::make_unique<SigioEngine>(table, mode);
}

}  // namespace echo_server
