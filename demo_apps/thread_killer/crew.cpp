#include "crew.hpp"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <system_error>

namespace thread_killer {
namespace {

std::atomic<bool> g_stop{false};
std::atomic<int> g_started{0};
std::atomic<int> g_cleanups{0};
std::atomic<unsigned long> g_turns{0};
std::array<std::atomic<pid_t>, kJobs> g_tids{};
std::array<int, 2> g_pipe{-1, -1};
pthread_mutex_t g_lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t g_changed = PTHREAD_COND_INITIALIZER;

// Its destructor also runs when the thread is cancelled.
struct CleanUp {
    ~CleanUp() { ++g_cleanups; }
};

struct Locked {
    Locked() { pthread_mutex_lock(&g_lock); }
    ~Locked() { pthread_mutex_unlock(&g_lock); }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;
};

void report_in(Job job) {
    pthread_setname_np(pthread_self(), job_name(job));
    g_tids.at(job) = gettid();
    ++g_started;
}

// No cancellation point: pthread_cancel stays pending here. And no object with a destructor: a
// pthread_exit that arrives between two calls finds no landing pad in a frame that has them.
extern "C" void* crew_busy(void*) {
    report_in(kBusy);
    while (!g_stop.load(std::memory_order_relaxed))
        g_turns.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
}

extern "C" void* crew_sleep(void*) {
    report_in(kSleep);
    const CleanUp clean_up;
    // A function that is run on this thread interrupts the sleep: signal(7) lists nanosleep among
    // the calls that SA_RESTART does not restart.
    const timespec nap{3600, 0};
    while (!g_stop)
        nanosleep(&nap, nullptr);
    return nullptr;
}

extern "C" void* crew_wait(void*) {
    report_in(kWait);
    const CleanUp clean_up;
    const Locked locked;
    while (!g_stop)
        pthread_cond_wait(&g_changed, &g_lock);
    return nullptr;
}

extern "C" void* crew_poll(void*) {
    report_in(kPoll);
    const CleanUp clean_up;
    // poll, like nanosleep, is interrupted by a function that is run on this thread.
    pollfd end{g_pipe[0], POLLIN, 0};
    while (poll(&end, 1, -1) < 0 && errno == EINTR) {
    }
    return nullptr;
}

using Routine = void* (*)(void*);
constexpr std::array<Routine, kJobs> kRoutines{crew_busy, crew_sleep, crew_wait, crew_poll};

}  // namespace

const char* job_name(int job) {
    static constexpr std::array<const char*, kJobs> kNames{"tk-busy", "tk-sleep", "tk-wait",
                                                           "tk-poll"};
    return job >= 0 && job < kJobs ? kNames.at(static_cast<std::size_t>(job)) : "-";
}

int cleanups() {
    return g_cleanups;
}

Crew::Crew() {
    g_stop = false;
    g_started = 0;
    if (pipe(g_pipe.data()) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    for (std::size_t job = 0; job < kJobs; ++job) {
        const int error =
            pthread_create(&members_.at(job).handle, nullptr, kRoutines.at(job), nullptr);
        // A crew that is not whole has no use, and threads that already run would outlive it.
        if (error != 0) std::abort();
    }
    while (g_started < kJobs)
        usleep(1000);
    for (std::size_t job = 0; job < kJobs; ++job)
        members_.at(job).tid = g_tids.at(job);
}

Crew::~Crew() {
    g_stop = true;
    for (int job = 0; job < kJobs; ++job)
        dismiss(job);
    close(g_pipe[0]);
    if (g_pipe[1] >= 0) close(g_pipe[1]);
}

// The way out that each thread knows by itself.
void Crew::dismiss(int job) {
    Member& member = members_.at(static_cast<std::size_t>(job));
    if (member.joined) return;
    if (job == kSleep) pthread_cancel(member.handle);
    if (job == kWait) {
        const Locked locked;
        pthread_cond_broadcast(&g_changed);
    }
    if (job == kPoll) {
        close(g_pipe[1]);
        g_pipe[1] = -1;
    }
    pthread_join(member.handle, &member.value);
    member.joined = true;
}

int Crew::job_of(pid_t tid) const {
    for (int job = 0; job < kJobs; ++job) {
        const Member& candidate = member(job);
        if (candidate.tid == tid && !candidate.joined) return job;
    }
    return -1;
}

bool Crew::join_within(int job, int seconds) {
    Member& member = members_.at(static_cast<std::size_t>(job));
    if (member.joined) return true;
    timespec deadline{};
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += seconds;
    if (pthread_timedjoin_np(member.handle, &member.value, &deadline) != 0) return false;
    member.joined = true;
    return true;
}

bool Crew::lock_is_free() {
    if (pthread_mutex_trylock(&g_lock) != 0) return false;
    pthread_mutex_unlock(&g_lock);
    return true;
}

}  // namespace thread_killer
