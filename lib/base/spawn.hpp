// Starting a program as a child: the one place that makes argv and calls posix_spawn.
#ifndef THREADFAULT_BASE_SPAWN_HPP
#define THREADFAULT_BASE_SPAWN_HPP

#include "base/descriptor.hpp"

#include <sys/types.h>

#include <array>
#include <string>
#include <vector>

namespace threadfault::base {

// For exec and its like: pointers into `texts`, with the final null pointer. Valid as long as they.
std::vector<char*> pointers_to(const std::vector<std::string>& texts);

// Both ends are closed in programs that are started meanwhile. False: errno says why.
struct Pipe {
    Descriptor read;
    Descriptor write;
    bool open() noexcept;
};

struct SpawnOptions {
    // What the child gets as 0, 1 and 2. kNull is /dev/null.
    static constexpr int kOurs = -1;
    static constexpr int kNull = -2;
    std::array<int, 3> streams = {kOurs, kOurs, kOurs};
    std::vector<int> inherited = {};  // stay open in the child, under the same number

    const std::vector<std::string>* environment = nullptr;  // nullptr: ours
    std::string directory = {};                             // "": ours

    // ours: as they are with us. clear: nothing blocked, nothing ignored. held: nothing ignored,
    // everything blocked, for a child that sees to them itself.
    enum class Signals { ours, clear, held };
    Signals signals = Signals::ours;
    enum class Family { ours, own_group, own_session };
    Family family = Family::ours;
};

// `file` is a path, or a name that is looked for in PATH; `arguments` begin with what the program
// is to call itself. 0, or an errno. Thread-safe.
int spawn(const std::string& file, const std::vector<std::string>& arguments,
          const SpawnOptions& options, pid_t* child);

// Waits for it, whatever signals come. As wait(2) gives it.
int reap(pid_t child) noexcept;

}  // namespace threadfault::base

#endif  // THREADFAULT_BASE_SPAWN_HPP
