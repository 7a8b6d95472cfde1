// Where a thread spends its CPU time: its registers, sampled by the kernel (perf_event_open(2))
// while it runs. The thread notices nothing: no signal, no stop, no call that returns early.
#ifndef THREADFAULT_OBSERVE_CPU_SAMPLES_HPP
#define THREADFAULT_OBSERVE_CPU_SAMPLES_HPP

#include "arch/samples.hpp"
#include "base/descriptor.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

namespace threadfault::observe {

// But for the instruction pointer, which comes last there.
inline constexpr std::size_t kSampledRegisters = std::size(arch::kSampledRegisters) - 1;

// The thread's own registers: in the kernel, those that it came there with.
struct CpuSample {
    std::uint64_t instruction_pointer = 0;
    std::uint64_t registers[kSampledRegisters] = {};
};

// Samples a thread twice for each millisecond of CPU time, and when it leaves the CPU (which a
// thread that only yields does before any clock strikes).
class CpuSampler {
public:
    explicit CpuSampler(pid_t tid);
    ~CpuSampler();
    CpuSampler(CpuSampler&& other) noexcept = default;
    CpuSampler& operator=(CpuSampler&& other) = delete;
    CpuSampler(const CpuSampler&) = delete;
    CpuSampler& operator=(const CpuSampler&) = delete;

    // 0, or why there are no samples: EACCES and EPERM, ESRCH, ENOSYS, …
    int error() const noexcept { return error_; }
    // Is the kernel's part seen, too (kernel.perf_event_paranoid)? Without it, a thread that is in
    // system calls most of the time is seldom sampled.
    bool sees_the_kernel() const noexcept { return sees_the_kernel_; }

    // Adds what has come since the last call.
    void take(std::vector<CpuSample>* samples);

private:
    struct Ring {
        base::Descriptor event;
        void* memory = nullptr;
    };
    bool open(pid_t tid, bool at_switches);
    static void take(const Ring& ring, std::vector<CpuSample>* samples);

    std::vector<Ring> rings_;
    int error_ = 0;
    bool sees_the_kernel_ = true;
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_CPU_SAMPLES_HPP
