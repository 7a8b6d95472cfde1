#include "drive/threads/tid_numbers.hpp"

namespace threadfault::drive {

pid_t TidNumbers::outer(pid_t inner) {
    if (!nested_) return inner;
    if (connection_ != nullptr) return connection_->outer_tid(inner);
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
