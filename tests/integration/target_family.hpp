// The program `family`, and looking for what is left of it.
#ifndef THREADFAULT_TESTS_INTEGRATION_TARGET_FAMILY_HPP
#define THREADFAULT_TESTS_INTEGRATION_TARGET_FAMILY_HPP

#include "support/eventually.hpp"
#include "support/proc.hpp"
#include "threadfault/target.hpp"

#include <dirent.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace threadfault::test {

// Everything takes as long as it takes on a busy machine.
inline constexpr std::chrono::seconds kLong{60};

class Family {
public:
    explicit Family(const std::string& mode) : command_{TARGET_FAMILY, mode, tag()} {}

    const std::vector<std::string>& command() const noexcept { return command_; }

    Target launch(LaunchOptions options = {}) const {
        options.ready.output = "^ready$";
        options.ready.within = kLong;
        return Target::launch(command_, options);
    }

    // Of all processes of this family; dead threads have no command line.
    int living() const {
        int count = 0;
        DIR* const proc = opendir("/proc");
        while (const dirent* const file = readdir(proc)) {
            if (std::atoi(file->d_name) <= 0) continue;
            if (is_member(std::atoi(file->d_name))) count++;
        }
        closedir(proc);
        return count;
    }
    bool vanishes() const {
        return eventually([this] { return living() == 0; }, kLong);
    }

private:
    // A main thread that has ended has no command line: those that it has left have.
    bool is_member(pid_t pid) const {
        for (const pid_t tid : tasks(pid)) {
            std::ifstream stream("/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) +
                                 "/cmdline");
            std::string line;
            std::getline(stream, line);
            // The guardian has the command at the end of its own.
            if (line.starts_with(TARGET_FAMILY) && line.find(command_[2]) != std::string::npos) {
                return true;
            }
        }
        return false;
    }

    static std::string tag() {
        static std::atomic<int> number{0};
        return "tag-" + std::to_string(getpid()) + "-" + std::to_string(number++);
    }

    std::vector<std::string> command_;
};

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_INTEGRATION_TARGET_FAMILY_HPP
