// What bench_attach and its target share: a page that both have mapped. The target notes by it how
// long its thread stood still; nothing has to be asked of a thread for that.
#ifndef THREADFAULT_BENCHMARK_ATTACH_SHARED_HPP
#define THREADFAULT_BENCHMARK_ATTACH_SHARED_HPP

#include <atomic>
#include <cstdint>

namespace bench {

struct AttachShared {
    // Of the thread that reads the clock in a loop; changed together while it rests.
    std::atomic<std::uint32_t> runs{0};     // futex: 0, it rests; 1, it reads the clock
    std::atomic<std::uint32_t> resting{1};  // it has come to rest
    std::atomic<std::uint32_t> calls{0};    // a system call every 100 us, too
    std::atomic<std::int64_t> steps{0};     // clock readings since it began
    // The longest time without a step since then, on CLOCK_MONOTONIC.
    std::atomic<std::int64_t> gap_begin{0};
    std::atomic<std::int64_t> gap_end{0};
    std::atomic<std::int64_t> lost{0};  // all gaps above kNoticed, together

    std::atomic<std::uint32_t> victims_wanted{0};  // futex, of main
    std::atomic<std::int32_t> victim{0};           // the last one's thread id
    std::atomic<std::int32_t> clock_reader{0};     // thread id
};

constexpr std::int64_t kNoticed = 10'000;  // nanoseconds; shorter ones are the machine's

}  // namespace bench

#endif  // THREADFAULT_BENCHMARK_ATTACH_SHARED_HPP
