#include "execute/silence.hpp"

namespace threadfault::execute {

Silence::Verdict Silence::judge(Deafness found, char state, std::int64_t cpu_ns) noexcept {
    if (found != Deafness::blocked && found != Deafness::newborn) {
        deaf_looks_ = blocked_looks_ = running_looks_ = 0;
        return judge_sleep(state);
    }
    ++deaf_looks_;
    if (state == 'R') return judge_run(cpu_ns);
    if (found == Deafness::blocked) ++blocked_looks_;
    const int asleep = deaf_looks_ - running_looks_;
    const bool deaf = blocked_looks_ >= kBlockedLooks || asleep >= kNewbornLooks;
    return deaf ? Verdict::deaf : Verdict::undecided;
}

Silence::Verdict Silence::judge_run(std::int64_t cpu_ns) noexcept {
    if (running_looks_++ == 0) first_cpu_ns_ = cpu_ns;
    const bool has_run = cpu_ns < 0 || cpu_ns - first_cpu_ns_ >= kRunNs;
    return running_looks_ >= kRunningLooks && has_run ? Verdict::deaf : Verdict::undecided;
}

// It would hear us, if it came back from the kernel.
Silence::Verdict Silence::judge_sleep(char state) noexcept {
    if (state != 'D') {
        uninterruptible_looks_ = 0;
        return Verdict::hears;
    }
    return ++uninterruptible_looks_ >= kUninterruptibleLooks ? Verdict::uninterruptible
                                                             : Verdict::undecided;
}

}  // namespace threadfault::execute
