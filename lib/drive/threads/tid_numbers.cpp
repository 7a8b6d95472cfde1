#include "drive/threads/tid_numbers.hpp"

namespace threadfault::drive {

pid_t TidNumbers::outer(pid_t inner) {
    if (!nested_) return inner;
    // An agent's numbers are the target's own, a guardian's are ours.
    if (connection_ != nullptr && connection_->guardian() == 0) {
        return connection_->outer_tid(inner);
    }
    if (numbers_.empty()) {
        for (const pid_t tid : process_.tids()) {
            const auto status = process_.status(tid);
            if (status && !status->ns_pid.empty()) numbers_[status->ns_pid.back()] = tid;
        }
    }
    const auto found = numbers_.find(inner);
    return found != numbers_.end() ? found->second : 0;
}

}  // namespace threadfault::drive
