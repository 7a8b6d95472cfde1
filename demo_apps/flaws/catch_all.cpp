// A worker catches everything so that a bad job can't end it. Cancellation comes as an exception of
// the C library's own, and swallowing that one ends the process.
#include "flaw.hpp"

#include <cxxabi.h>

#include <atomic>
#include <stdexcept>

std::atomic<unsigned> failures{0};

namespace {

void job(unsigned number) {
    flaw::compute(number);
    flaw::nap(3);
    if (number % 10 == 0) throw std::runtime_error("a bad job");
}

void* worker(void* /*unused*/) {
    for (unsigned number = 1;; ++number) {
        try {
            job(number);
        }
#ifdef FIXED
        catch (const abi::__forced_unwind&) {
            throw;
        }
#endif
        catch (...) {
            ++failures;
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "workers that catch every exception and go on");
    const pthread_t workers[] = {flaw::start("worker-1", worker), flaw::start("worker-2", worker)};
    flaw::ready();
    for (const pthread_t thread : workers)
        pthread_join(thread, nullptr);
}
