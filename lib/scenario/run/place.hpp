// What a test needs of the machine: a free port, a directory of its own.
#ifndef THREADFAULT_SCENARIO_RUN_PLACE_HPP
#define THREADFAULT_SCENARIO_RUN_PLACE_HPP

#include <string>

namespace threadfault::scenario {

// A free port, for TCP and UDP, that this process has not returned before.
// It lies below those that the kernel gives to outgoing connections. Thread-safe.
int free_port();

// The name of a directory that is not there yet: the guardian makes it, so that it is removed
// however this process ends. Gone with what is in it when the object goes.
class ScratchDirectory {
public:
    ScratchDirectory();
    ~ScratchDirectory();
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;

    const std::string& path() const noexcept { return path_; }

    // Makes it here and now, where no guardian does. Throws std::filesystem::filesystem_error.
    void make() const;

private:
    std::string path_;
};

}  // namespace threadfault::scenario

#endif  // THREADFAULT_SCENARIO_RUN_PLACE_HPP
