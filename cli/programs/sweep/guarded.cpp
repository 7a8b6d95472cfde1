#include "programs/sweep/guarded.hpp"

#include "format/format.hpp"
#include "harness/guarded_process.hpp"
#include "threadfault/error.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <climits>

namespace threadfault::sweep {

int run_guarded(const std::string& options, const volatile sig_atomic_t& caught) {
    char self[PATH_MAX] = {};
    if (readlink("/proc/self/exe", self, sizeof self - 1) <= 0)
        throw Error(ErrorCode::internal, "/proc/self/exe can't be read");
    drive::Launch launch;
    launch.file = self;
    launch.arguments = {"threadfault-sweep", options, "--guarded"};
    for (char** entry = environ; *entry != nullptr; ++entry)
        launch.environment.emplace_back(*entry);
    LaunchOptions kept;
    kept.output = Output::passed;
    // Its reports are written at the end.
    kept.grace = std::chrono::seconds(10);
    target::GuardedProcess inner(launch, kept);
    int told = 0;
    while (true) {
        const auto status =
            inner.wait_status(target::deadline_after(std::chrono::milliseconds(50)));
        if (status) {
            if (*status == target::kStatusUnknown || WIFSIGNALED(*status)) {
                throw Error(ErrorCode::internal,
                            "the sweep was ended from outside; nothing of it is left",
                            "go on with the same command and --resume");
            }
            return WEXITSTATUS(*status);
        }
        if (caught != 0 && told == 0) {
            told = caught;
            kill(inner.pid(), told);
        }
    }
}

}  // namespace threadfault::sweep
