#include <unistd.h>

#include <cstdio>

#include "console.hpp"
#include "questions.hpp"

namespace thread_killer {
namespace {

using threadfault::ExecuteResult;

// Counts what was not as it should be, and says it.
class Checks {
public:
    void that(bool holds, const char* what) {
        if (holds) return;
        ++failures_;
        std::printf("WRONG: %s\n", what);
    }
    bool clean() const { return failures_ == 0; }

private:
    int failures_ = 0;
};

void check_questions(const Crew& crew, Checks& check) {
    const auto threads = map_threads();
    check.that(threads.count(getpid()) == 1 && threads.at(getpid()) == pthread_self(),
               "the main thread's pthread_t");
    for (int job = 0; job < kJobs; ++job) {
        const Member& member = crew.member(job);
        const auto found = threads.find(member.tid);
        check.that(exists(member.tid), "a living thread answers to signal 0");
        check.that(found != threads.end() && pthread_equal(found->second, member.handle) != 0,
                   "the pthread_t of a tid is the one that pthread_create gave");
        check.that(thread_name(member.tid) == job_name(job), "the name of a thread");
        const Answer<Trace> trace = trace_of(member.tid);
        check.that(trace.ok() && trace.value.depth >= 2, "a backtrace of two frames or more");
    }
}

bool has_used_cpu(pid_t tid) {
    const Answer<rusage> usage = usage_of(tid);
    return usage.ok() && (usage.value.ru_utime.tv_sec > 0 || usage.value.ru_utime.tv_usec > 0);
}

void check_cancel(Crew& crew, int job, Checks& check) {
    const pid_t tid = crew.member(job).tid;
    const Answer<pthread_t> thread = pthread_of(tid);
    check.that(thread.ok(), "a thread says its pthread_t");
    if (!thread.ok()) return;
    const int before = cleanups();
    let_it_sleep(tid);
    pthread_cancel(thread.value);
    check.that(crew.join_within(job, 20), "a cancelled thread ends");
    check.that(crew.member(job).value == PTHREAD_CANCELED, "pthread_join tells the cancellation");
    check.that(cleanups() == before + 1, "a cancelled thread runs its clean-up code");
    // The kernel wakes the joiner a moment before it forgets the thread.
    for (int tries = 0; exists(tid) && tries < 20'000; ++tries)
        usleep(1000);
    check.that(!exists(tid), "an ended thread does not answer to signal 0");
    check.that(usage_of(tid).result == ExecuteResult::no_thread, "an ended thread is not found");
}

// Under ThreadSanitizer a handler runs at the next intercepted call, and never ends the thread.
#ifdef __SANITIZE_THREAD__
constexpr bool kCanExit = false;
#else
constexpr bool kCanExit = true;
#endif

void check_exit(Crew& crew, Checks& check) {
    const pid_t tid = crew.member(kBusy).tid;
    while (!has_used_cpu(tid))
        usleep(1000);
    if (!kCanExit) return;
    check.that(exit_on(tid) == ExecuteResult::ended_inside, "pthread_exit ends a spinning thread");
    check.that(crew.join_within(kBusy, 20), "a thread that called pthread_exit can be joined");
}

void one_round(Checks& check) {
    Crew crew;
    check_questions(crew, check);
    for (const int job : {kSleep, kWait, kPoll})
        check_cancel(crew, job, check);
    check.that(crew.lock_is_free(), "the cancelled waiter gave its lock back");
    check_exit(crew, check);
}

}  // namespace

bool run_workload(int rounds) {
    Checks check;
    for (int round = 0; round < rounds; ++round)
        one_round(check);
    std::printf("%d rounds: %s\n", rounds, check.clean() ? "all answers right" : "WRONG");
    return check.clean();
}

}  // namespace thread_killer
