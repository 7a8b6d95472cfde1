#include "console.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <iostream>
#include <sstream>

#include "questions.hpp"

namespace thread_killer {
namespace {

constexpr const char* kCommands =
    "list             every thread: tid, pthread_t, CPU time, name\n"
    "probe THREAD     is it there? (signal 0)\n"
    "trace THREAD     its backtrace, taken on the thread itself\n"
    "cancel THREAD    pthread_cancel, by the pthread_t found for the tid\n"
    "exit THREAD      runs pthread_exit on it, wherever it is\n"
    "quit\n"
    "THREAD is a tid of the list, or the name of one of the four (tk-…)\n";

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
        let_it_sleep(tid);
        pthread_cancel(thread.value);
    } else {
        std::printf("%d: %s\n", tid, threadfault::to_string(exit_on(tid)));
    }
    say_how_it_ended(crew, job);
}

// The thread that a word names, by its tid or as one of the crew; 0: none.
pid_t find_thread(const Crew& crew, const std::string& word) {
    for (int job = 0; job < kJobs; ++job)
        if (word == job_name(job)) return crew.member(job).tid;
    pid_t tid = 0;
    const char* const end = word.data() + word.size();
    const auto [rest, error] = std::from_chars(word.data(), end, tid);
    return error == std::errc() && rest == end && tid > 0 ? tid : 0;
}

// What is done to one thread; false when there is no such command.
bool do_to_thread(Crew& crew, const std::string& verb, const std::string& word) {
    if (verb != "probe" && verb != "trace" && verb != "cancel" && verb != "exit") return false;
    const pid_t tid = find_thread(crew, word);
    if (tid == 0) {
        std::printf("no thread \"%s\": use a TID or a name (`list` shows them)\n", word.c_str());
    } else if (verb == "probe") {
        std::puts(exists(tid) ? "there" : "no such thread");
    } else if (verb == "trace") {
        trace(tid);
    } else {
        end(crew, tid, verb == "cancel");
    }
    return true;
}

}  // namespace

void converse(Crew& crew) {
    // Commands from a file or a pipe need no prompt.
    const char* const prompt = isatty(STDIN_FILENO) != 0 ? "> " : "";
    std::string line;
    while (std::cout << prompt << std::flush && std::getline(std::cin, line)) {
        std::istringstream words(line);
        std::string verb;
        std::string thread;
        words >> verb >> thread;
        if (verb == "quit") return;
        if (verb == "list") {
            list();
        } else if (!verb.empty() && !do_to_thread(crew, verb, thread)) {
            std::fputs(kCommands, stdout);
        }
    }
}

}  // namespace thread_killer
