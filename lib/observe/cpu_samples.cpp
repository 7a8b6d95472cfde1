#include "observe/cpu_samples.hpp"

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

namespace threadfault::observe {
namespace {

constexpr std::size_t kPages = 8;  // of a ring's data, a power of two: two hundred samples
constexpr std::uint64_t kPeriodNs = 500'000;
constexpr std::uint64_t kSwitchesPerSecond = 1000;

// In the order of CpuSample; the kernel gives them in the order of their numbers.
constexpr auto& kRegisters = arch::kSampledRegisters;

constexpr std::uint64_t register_mask() {
    std::uint64_t mask = 0;
    for (const int number : kRegisters)
        mask |= std::uint64_t{1} << number;
    return mask;
}

std::size_t page_size() noexcept {
    static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

std::size_t ring_size() noexcept {
    return (kPages + 1) * page_size();
}

// `record`: the kernel's ABI word and the registers behind it.
void add_sample(const std::uint64_t* record, std::size_t words, std::vector<CpuSample>* samples) {
    if (words < 2 + kSampledRegisters || record[0] == PERF_SAMPLE_REGS_ABI_NONE) return;
    CpuSample& sample = samples->emplace_back();
    for (std::size_t i = 0; i <= kSampledRegisters; ++i) {
        const std::uint64_t lower = (std::uint64_t{1} << kRegisters[i]) - 1;
        const std::uint64_t value = record[1 + std::popcount(register_mask() & lower)];
        (i < kSampledRegisters ? sample.registers[i] : sample.instruction_pointer) = value;
    }
}

}  // namespace

CpuSampler::CpuSampler(pid_t tid) {
    if (open(tid, false)) open(tid, true);
    if (!rings_.empty()) error_ = 0;
}

CpuSampler::~CpuSampler() {
    for (const Ring& ring : rings_)
        munmap(ring.memory, ring_size());
}

bool CpuSampler::open(pid_t tid, bool at_switches) {
    perf_event_attr about{};
    about.size = sizeof about;
    about.type = PERF_TYPE_SOFTWARE;
    about.config = at_switches ? PERF_COUNT_SW_CONTEXT_SWITCHES : PERF_COUNT_SW_TASK_CLOCK;
    if (at_switches) {
        about.freq = 1;
        about.sample_freq = kSwitchesPerSecond;
    } else {
        about.sample_period = kPeriodNs;
    }
    about.sample_type = PERF_SAMPLE_REGS_USER;
    about.sample_regs_user = register_mask();
    about.exclude_hv = 1;
    about.exclude_kernel = sees_the_kernel_ ? 0 : 1;
    const auto ask = [&] {
        return static_cast<int>(
            syscall(SYS_perf_event_open, &about, tid, -1, -1, PERF_FLAG_FD_CLOEXEC));
    };
    int event = ask();
    if (event < 0 && (errno == EACCES || errno == EPERM) && sees_the_kernel_) {
        sees_the_kernel_ = false;
        about.exclude_kernel = 1;
        event = ask();
    }
    Ring ring{base::Descriptor(event)};
    if (!ring.event) {
        error_ = errno;
        return false;
    }
    ring.memory = mmap(nullptr, ring_size(), PROT_READ | PROT_WRITE, MAP_SHARED, event, 0);
    if (ring.memory == MAP_FAILED) {
        error_ = errno;
        return false;
    }
    rings_.push_back(std::move(ring));
    return true;
}

void CpuSampler::take(std::vector<CpuSample>* samples) {
    for (const Ring& ring : rings_)
        take(ring, samples);
}

void CpuSampler::take(const Ring& ring, std::vector<CpuSample>* samples) {
    auto* const control = static_cast<perf_event_mmap_page*>(ring.memory);
    const auto* const data = static_cast<const unsigned char*>(ring.memory) + page_size();
    const std::size_t size = kPages * page_size();
    const std::uint64_t head = std::atomic_ref(control->data_head).load(std::memory_order_acquire);
    std::uint64_t at = control->data_tail;
    while (at < head) {
        perf_event_header header;  // never split: records are multiples of eight bytes
        std::memcpy(&header, data + at % size, sizeof header);
        if (header.size < sizeof header) break;
        if (header.type == PERF_RECORD_SAMPLE) {
            std::uint64_t words[2 + kSampledRegisters];
            const std::size_t count =
                std::min((header.size - sizeof header) / sizeof words[0], std::size(words));
            for (std::size_t i = 0; i < count; ++i) {
                std::memcpy(&words[i], data + (at + sizeof header + i * sizeof words[0]) % size,
                            sizeof words[0]);
            }
            add_sample(words, count, samples);
        }
        at += header.size;
    }
    std::atomic_ref(control->data_tail).store(head, std::memory_order_release);
}

}  // namespace threadfault::observe
