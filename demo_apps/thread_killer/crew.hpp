// The threads that this program has for the taking: each is at home in another kind of waiting.
#ifndef THREADFAULT_DEMO_THREAD_KILLER_CREW_HPP
#define THREADFAULT_DEMO_THREAD_KILLER_CREW_HPP

#include <pthread.h>

#include <array>
#include <string>

namespace thread_killer {

// The order in which Crew keeps its members.
enum Job { kBusy, kSleep, kWait, kPoll, kJobs };

const char* job_name(int job);

struct Member {
    pthread_t handle{};
    pid_t tid = 0;
    bool joined = false;
    void* value = nullptr;  // what pthread_join said
};

// Starts one thread for every job and knows their tids from the threads themselves: what the
// questions find out through a signal can be checked against it.
class Crew {
public:
    Crew();
    ~Crew();
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    const Member& member(int job) const { return members_.at(static_cast<std::size_t>(job)); }
    // The job of a thread, or -1. A pthread_t of this crew stays valid until it is joined.
    int job_of(pid_t tid) const;
    // Waits for the end of a member, up to `seconds`; false when it still runs.
    bool join_within(int job, int seconds);
    // Was the lock that the waiting thread holds outside its wait released?
    bool lock_is_free();

private:
    void dismiss(int job);

    std::array<Member, kJobs> members_{};
};

// How often clean-up code ran in a member that ended early.
int cleanups();

}  // namespace thread_killer

#endif  // THREADFAULT_DEMO_THREAD_KILLER_CREW_HPP
