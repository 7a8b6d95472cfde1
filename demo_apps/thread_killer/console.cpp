#include "console.hpp"

#include <cstdio>
#include <iostream>
#include <sstream>

#include "questions.hpp"

namespace thread_killer {
namespace {

constexpr const char* kCommands =
    "list          every thread: tid, pthread_t, CPU time, name\n"
    "probe TID     is it there? (signal 0)\n"
    "trace TID     its backtrace, taken on the thread itself\n"
    "cancel TID    pthread_cancel, by the pthread_t found for the tid\n"
    "exit TID      runs pthread_exit on it, wherever it is\n"
    "quit\n";

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void list() {
    std::printf("%8s  %-16s  %8s  %s\n", "TID", "PTHREAD", "CPU", "NAME");
    for (const auto& [tid, thread] : map_threads()) {
        const Answer<rusage> usage = usage_of(tid);
        if (!usage.ok()) continue;  // it ended in between
        std::printf("%8d  0x%-14lx  %7.3fs  %s\n", tid, static_cast<unsigned long>(thread),
                    seconds(usage.value.ru_utime) + seconds(usage.value.ru_stime),
                    thread_name(tid).c_str());
    }
}

void trace(pid_t tid) {
    const Answer<Trace> answer = trace_of(tid);
    if (!answer.ok()) {
        std::printf("%d: %s\n", tid, threadfault::to_string(answer.result));
        return;
    }
    for (const std::string& line : describe(answer.value))
        std::printf("  %s\n", line.c_str());
}

void say_how_it_ended(Crew& crew, int job) {
    if (!crew.join_within(job, 1)) {
        std::puts("still there: no cancellation point was reached");
        return;
    }
    const bool cancelled = crew.member(job).value == PTHREAD_CANCELED;
    std::printf("%s ended: pthread_join says %s\n", job_name(job),
                cancelled ? "PTHREAD_CANCELED" : "a value of its own");
}

void end(Crew& crew, pid_t tid, bool by_cancel) {
    const int job = crew.job_of(tid);
    if (job < 0) {
        std::printf("%d: not one of the threads to be ended (tk-…)\n", tid);
        return;
    }
    if (by_cancel) {
        const Answer<pthread_t> thread = pthread_of(tid);
        if (!thread.ok()) {
            std::printf("%d: %s\n", tid, threadfault::to_string(thread.result));
            return;
        }
        pthread_cancel(thread.value);
    } else {
        std::printf("%d: %s\n", tid, threadfault::to_string(exit_on(tid)));
    }
    say_how_it_ended(crew, job);
}

}  // namespace

void converse(Crew& crew) {
    std::string line;
    while (std::cout << "> " << std::flush && std::getline(std::cin, line)) {
        std::istringstream words(line);
        std::string verb;
        pid_t tid = 0;
        words >> verb >> tid;
        if (verb == "quit") return;
        if (verb == "list") {
            list();
        } else if (verb == "probe") {
            std::puts(exists(tid) ? "there" : "no such thread");
        } else if (verb == "trace") {
            trace(tid);
        } else if (verb == "cancel" || verb == "exit") {
            end(crew, tid, verb == "cancel");
        } else if (!verb.empty()) {
            std::fputs(kCommands, stdout);
        }
    }
}

}  // namespace thread_killer
