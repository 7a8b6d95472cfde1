// Timers that fire on time because their work is done elsewhere, and two threads to lose.
#include <cstdio>
#include <exception>

#include "workload.hpp"

namespace {

using namespace timer_tasklet;

void print(const char* what, const Jitter& jitter) {
    const auto us = [](std::chrono::nanoseconds time) {
        return std::chrono::duration<double, std::micro>(time).count();
    };
    std::printf("%-24s %10.0f %10.0f %10.0f\n", what, us(jitter.median), us(jitter.p99),
                us(jitter.max));
}

bool compare(const Options& options) {
    const std::chrono::seconds each(2);
    std::puts("work in the handler:");
    const Report direct = run_workload(options, false, each);
    std::puts("work deferred:");
    const Report deferred = run_workload(options, true, each);
    std::printf("\n%-24s %10s %10s %10s\n", "late by, in us", "median", "p99", "max");
    print("tick, work in handler", direct.tick);
    print("tick, work deferred", deferred.tick);
    print("work, in handler", direct.work);
    print("work, deferred", deferred.work);
    return direct.correct && deferred.correct;
}

bool work(const Options& options) {
    const Report report = run_workload(options, true, options.workload);
    std::printf("%-24s %10s %10s %10s\n", "late by, in us", "median", "p99", "max");
    print("tick", report.tick);
    print("work", report.work);
    if (report.threads_replaced > 0)
        std::printf("threads lost and replaced: %u\n", report.threads_replaced);
    std::puts(report.correct ? "all work was done" : "WORK IS MISSING OR WRONG");
    return report.correct;
}

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const Options options = parse_options(argc, argv);
    try {
        return (options.workload.count() > 0 ? work(options) : compare(options)) ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "timer_tasklet: %s\n", error.what());
        return 1;
    }
}
