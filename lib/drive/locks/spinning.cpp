#include "drive/locks/spinning.hpp"

#include "drive/programs/ask_helper.hpp"
#include "format/format.hpp"
#include "observe/cpu_samples.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <optional>
#include <sstream>
#include <thread>

namespace threadfault::drive {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostSampled = 16;
constexpr std::size_t kEnough = 200;     // samples
constexpr std::size_t kAtLeast = 60;     // the judge's own least
constexpr std::size_t kMostKept = 2000;  // of one thread

struct Usage {
    std::uint64_t user = 0;
    std::uint64_t kernel = 0;
    std::uint64_t sleeps = 0;
};

Usage usage_of(const observe::Process& process, pid_t tid) {
    Usage usage;
    if (const auto stat = process.stat(tid)) {
        usage.user = stat->utime_ticks;
        usage.kernel = stat->stime_ticks;
    }
    if (const auto status = process.status(tid)) usage.sleeps = status->voluntary_switches;
    return usage;
}

class Suspect {
public:
    Suspect(const observe::Process& process, pid_t tid)
        : process_(process), tid_(tid), before_(usage_of(process, tid)), sampler_(tid) {}

    pid_t tid() const noexcept { return tid_; }
    int error() const noexcept { return sampler_.error(); }
    const std::vector<observe::CpuSample>& samples() const noexcept { return samples_; }

    void take() {
        sampler_.take(&samples_);
        if (samples_.size() > kMostKept) samples_.resize(kMostKept);
    }

    // It went to sleep and was woken: it does not only spin.
    bool has_slept() const {
        const Usage now = usage_of(process_, tid_);
        return now.sleeps > before_.sleeps + 2;
    }

    // Is it in system calls a good part of the time, where we can't look?
    bool is_out_of_sight() const {
        if (sampler_.sees_the_kernel()) return false;
        const Usage now = usage_of(process_, tid_);
        const std::uint64_t kernel = now.kernel - before_.kernel;
        return kernel > 1 && kernel * 5 > kernel + (now.user - before_.user);
    }

private:
    const observe::Process& process_;
    pid_t tid_;
    Usage before_;
    observe::CpuSampler sampler_;
    std::vector<observe::CpuSample> samples_;
};

void collect_samples(std::deque<Suspect>& suspects) {
    const auto all_have = [&](std::size_t count) {
        return std::all_of(suspects.begin(), suspects.end(), [count](const Suspect& one) {
            return one.error() != 0 || one.samples().size() >= count;
        });
    };
    const Clock::time_point begin = Clock::now();
    do {
        std::this_thread::sleep_for(20ms);
        for (Suspect& suspect : suspects)
            suspect.take();
        if (all_have(kEnough)) return;
    } while (Clock::now() < begin + (all_have(kAtLeast) ? 500ms : 3000ms));
}

std::string question_about(const observe::Process& process,
                           const std::vector<const Suspect*>& suspects) {
    std::string question = std::to_string(process.pid()) + "\n";
    for (const Suspect* const suspect : suspects) {
        question += formatted("{} {}\n", suspect->tid(), suspect->samples().size());
        for (const observe::CpuSample& sample : suspect->samples()) {
            question += std::to_string(sample.instruction_pointer);
            for (const std::uint64_t value : sample.registers)
                question += formatted(" {}", value);
            question += '\n';
        }
    }
    return question;
}

SpinPlace place_in_words(std::istringstream& words) {
    std::string line, file, function;
    words >> line >> file;
    std::getline(words >> std::ws, function);
    if (function.empty() || function == "-") return {"code without a name", ""};
    if (!function.ends_with(')')) function += "()";
    return {function, file == "-" ? "" : formatted("{}:{}", file, line)};
}

void ask_about(const observe::Process& process, const std::vector<const Suspect*>& suspects,
               Spinning* found) {
    // The verdict rests on this answer, and those asked about compete for the CPUs with who gives
    // it.
    constexpr std::chrono::seconds kPatience{20};
    const auto answer = ask_helper("threadfault-diagnose", {"__spin-places"},
                                   question_about(process, suspects), kPatience);
    std::map<pid_t, std::string> words;
    std::istringstream lines(answer.value_or(""));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream stream(line);
        pid_t tid = 0;
        std::string verdict;
        if (!(stream >> tid >> verdict)) continue;
        words[tid] = verdict;
        if (verdict == "spins") found->spinners[tid] = place_in_words(stream);
    }
    for (const Suspect* const suspect : suspects) {
        const std::string& verdict = words[suspect->tid()];
        if (verdict == "spins" || verdict == "gets-on") continue;
        found->unknown.push_back(suspect->tid());
        if (found->why.empty()) {
            found->why = answer ? "too little was seen of the code that they run"
                                : "the program threadfault-diagnose does not answer";
            found->why_code = answer ? "too_little_seen" : "no_answer";
        }
    }
}

}  // namespace

Spinning find_spinners(const observe::Process& process, const std::vector<pid_t>& suspects) {
    Spinning found;
    std::deque<Suspect> sampled;
    for (const pid_t tid : suspects) {
        if (sampled.size() < kMostSampled) {
            sampled.emplace_back(process, tid);
        } else {
            found.unknown.push_back(tid);
            found.why = formatted("only {} threads are looked at", kMostSampled);
            found.why_code = "too_many_threads";
        }
    }
    collect_samples(sampled);
    std::vector<const Suspect*> seen;
    for (const Suspect& suspect : sampled) {
        if (suspect.has_slept()) continue;
        if (suspect.error() == 0 && !suspect.is_out_of_sight()) {
            seen.push_back(&suspect);
            continue;
        }
        found.unknown.push_back(suspect.tid());
        if (found.why.empty()) {
            found.why =
                suspect.error() != 0
                    ? formatted("perf_event_open: {}", std::strerror(suspect.error()))
                    : std::string("the kernel's part is hidden (kernel.perf_event_paranoid)");
            found.why_code = suspect.error() != 0 ? "perf_refused" : "kernel_hidden";
        }
    }
    if (!seen.empty()) ask_about(process, seen, &found);
    return found;
}

}  // namespace threadfault::drive
