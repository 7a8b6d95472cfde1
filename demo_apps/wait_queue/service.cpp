#include "service.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>

namespace wait_queue {
namespace {

int g_dwell_milliseconds = 0;

// A worker that was chosen may be held up before it runs: a page fault, a busy CPU. With --dwell
// this lasts long enough to be hit, and the thread's name tells.
void dwell() {
    pthread_setname_np(pthread_self(), "wq-chosen");
    // To a deadline: what holds a thread up in life is not cut short by a signal.
    timespec end{};
    clock_gettime(CLOCK_MONOTONIC, &end);
    const long nanoseconds = end.tv_nsec + g_dwell_milliseconds % 1000 * 1'000'000L;
    end.tv_sec += g_dwell_milliseconds / 1000 + nanoseconds / 1'000'000'000;
    end.tv_nsec = nanoseconds % 1'000'000'000;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, nullptr) == EINTR) {
    }
    pthread_setname_np(pthread_self(), "wq-worker");
}

std::uint64_t answer_to(std::uint64_t question) {
    std::uint64_t hash = question + 0x9e3779b97f4a7c15U;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
    return hash ^ (hash >> 31);
}

std::size_t place(int client, int batch, int index) {
    return static_cast<std::size_t>(client) * static_cast<std::size_t>(batch) +
           static_cast<std::size_t>(index);
}

}  // namespace

Service::Service(const Options& options)
    : options_(options),
      work_(options.mode, options.dwell_milliseconds > 0 ? dwell : nullptr),
      done_(options.mode),
      slots_(static_cast<std::size_t>(options.clients) * static_cast<std::size_t>(options.batch)),
      collected_(static_cast<std::size_t>(options.clients)) {
    g_dwell_milliseconds = options.dwell_milliseconds;
}

std::uint64_t Service::taken_by(pid_t tid) {
    return kTaken | (static_cast<std::uint64_t>(tid) << 2U);
}

Service::State Service::state_of(const Slot& slot) {
    return static_cast<State>(slot.word & 3U);
}

Service::Slot& Service::slot(int client, int index) {
    return slots_.at(place(client, options_.batch, index));
}

const Service::Slot& Service::slot(int client, int index) const {
    return slots_.at(place(client, options_.batch, index));
}

void Service::work() {
    while (!stop_) {
        work_.wait_event(Kind::exclusive, [this] { return stop_ || any_queued(); });
        serve_one();
    }
}

bool Service::any_queued() const {
    return std::any_of(slots_.begin(), slots_.end(),
                       [](const Slot& slot) { return state_of(slot) == kQueued; });
}

void Service::serve_one() {
    const std::uint64_t mine = taken_by(gettid());
    for (Slot& slot : slots_) {
        std::uint64_t expected = kQueued;
        if (!slot.word.compare_exchange_strong(expected, mine)) continue;
        slot.answer = answer_to(slot.question);
        slot.word = kAnswered;
        done_.wake_up();
        return;
    }
}

void Service::be_client(int client) {
    while (!stop_ && !client_is_done(client)) {
        const int out = out_now(client);
        int more = options_.batch - out;
        if (options_.requests > 0) {
            const auto collected =
                static_cast<int>(collected_.at(static_cast<std::size_t>(client)));
            more = std::min(more, options_.requests - collected - out);
        }
        submit(client, more);
        // Also for what a predecessor put there and did not live to announce.
        work_.wake_up_nr(out + more);
        done_.wait_event(Kind::all, [&] { return stop_ || batch_is_answered(client); });
        collect(client, options_.batch);
        usleep(static_cast<useconds_t>(options_.pace_milliseconds) * 1000);
    }
}

int Service::out_now(int client) const {
    int out = 0;
    for (int index = 0; index < options_.batch; ++index) {
        if (state_of(slot(client, index)) != kFree) ++out;
    }
    return out;
}

void Service::submit(int client, int count) {
    std::uint64_t number = collected_.at(static_cast<std::size_t>(client));
    for (int index = 0; index < options_.batch && count > 0; ++index) {
        Slot& free = slot(client, index);
        if (state_of(free) != kFree) continue;
        free.question = (static_cast<std::uint64_t>(client) << 32U) + ++number;
        free.word = kQueued;
        --count;
    }
}

bool Service::batch_is_answered(int client) const {
    for (int index = 0; index < options_.batch; ++index) {
        const State state = state_of(slot(client, index));
        if (state != kFree && state != kAnswered) return false;
    }
    return true;
}

// A client that dies between the two stores leaves an answer uncounted: its successor asks for one
// more, and nothing is counted twice.
void Service::collect(int client, int count) {
    for (int index = 0; index < count; ++index) {
        Slot& answered = slot(client, index);
        if (state_of(answered) != kAnswered) continue;
        if (answered.answer != answer_to(answered.question)) ++wrong_;
        answered.word = kFree;
        ++collected_.at(static_cast<std::size_t>(client));
    }
}

void Service::stop() {
    stop_ = true;
    work_.wake_up_all();
    done_.wake_up_all();
}

void Service::recover(pid_t dead) {
    work_.bury(dead);
    done_.bury(dead);
    for (Slot& slot : slots_) {
        std::uint64_t expected = taken_by(dead);
        if (slot.word.compare_exchange_strong(expected, kQueued)) work_.wake_up();
    }
    // It may have answered and not said so.
    done_.wake_up();
}

bool Service::client_is_done(int client) const {
    return options_.requests > 0 && collected_.at(static_cast<std::size_t>(client)) >=
                                        static_cast<std::uint64_t>(options_.requests);
}

std::uint64_t Service::answered() const {
    std::uint64_t sum = 0;
    for (const auto& collected : collected_)
        sum += collected;
    return sum;
}

void Service::report() {
    for (std::size_t index = 0; index < slots_.size(); ++index) {
        const std::uint64_t word = slots_.at(index).word;
        if ((word & 3U) == kQueued) std::printf("request %zu: queued\n", index);
        if ((word & 3U) != kTaken) continue;
        const auto tid = static_cast<pid_t>(word >> 2U);
        std::printf("request %zu: taken by %d%s\n", index, tid, is_alive(tid) ? "" : ", DEAD");
    }
    std::printf("waiting for work:\n%s", work_.describe().c_str());
    std::printf("waiting for an answer:\n%s", done_.describe().c_str());
}

}  // namespace wait_queue
