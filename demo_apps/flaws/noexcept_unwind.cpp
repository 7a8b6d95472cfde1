// A destructor does the slow part of the work. Destructors are noexcept, so a cancellation that
// arrives there can't unwind: std::terminate ends the process.
#include "flaw.hpp"

#include <atomic>
#include <vector>

std::atomic<unsigned> committed{0};

namespace {

class Batch {
public:
    void add(unsigned entry) { entries_.push_back(entry); }

    void commit() {
        flaw::nap(5);
        committed += static_cast<unsigned>(entries_.size());
        entries_.clear();
    }

#ifdef FIXED
    ~Batch() = default;  // what was not committed is dropped
#else
    ~Batch() {
        commit();
    }
#endif
    Batch() = default;
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

private:
    std::vector<unsigned> entries_;
};

void* collector(void* /*unused*/) {
    for (unsigned entry = 1;;) {
        Batch batch;
        for (int i = 0; i < 4; ++i)
            batch.add(entry = flaw::compute(entry));
#ifdef FIXED
        batch.commit();
#endif
    }
}

}  // namespace

int main(int argc, char** argv) {
    flaw::begin(argc, argv, "collectors that commit their batch in a destructor");
    const pthread_t collectors[] = {flaw::start("collector-1", collector),
                                    flaw::start("collector-2", collector)};
    flaw::ready();
    for (const pthread_t thread : collectors)
        pthread_join(thread, nullptr);
}
