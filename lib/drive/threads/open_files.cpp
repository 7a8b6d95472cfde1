#include "drive/threads/open_files.hpp"

#include "base/descriptor.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace threadfault::drive {
namespace {

constexpr std::size_t kOthers = 64;  // files that everything else needs

// The table is as large as the highest descriptor asks for, and does not shrink.
void widen_table(int descriptors) noexcept {
    const base::Descriptor any(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!any) return;
    const base::Descriptor highest(fcntl(any.get(), F_DUPFD_CLOEXEC, descriptors - 1));
}

}  // namespace

int room_for_files(std::size_t count) noexcept {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    if (limit.rlim_cur < count + kOthers) {
        limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, count + kOthers);
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0) {
            return 0;
        }
    }
    constexpr rlim_t kMost = 1 << 20;
    const rlim_t all = std::min(limit.rlim_cur, kMost);
    if (all <= kOthers) return 0;
    widen_table(static_cast<int>(std::min<rlim_t>(all, count + kOthers)));
    return static_cast<int>(all - kOthers);
}

}  // namespace threadfault::drive
