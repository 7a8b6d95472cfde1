#include "base/spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace threadfault::base {
namespace {

class Settings {
public:
    Settings() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
    }
    ~Settings() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    Settings(const Settings&) = delete;
    Settings& operator=(const Settings&) = delete;

    // 0, or an errno.
    int set_streams(const std::array<int, 3>& streams) {
        for (int number = 0; number < 3; ++number) {
            const int source = streams[static_cast<std::size_t>(number)];
            int error = 0;
            if (source == SpawnOptions::kNull) {
                const int mode = number == STDIN_FILENO ? O_RDONLY : O_WRONLY;
                error = posix_spawn_file_actions_addopen(&actions, number, "/dev/null", mode, 0);
            } else if (source != SpawnOptions::kOurs) {
                error = posix_spawn_file_actions_adddup2(&actions, source, number);
            }
            if (error != 0) return error;
        }
        return 0;
    }

    int keep_open(const std::vector<int>& descriptors) {
        for (const int descriptor : descriptors) {
            // Onto itself: that takes the close-on-exec flag away.
            const int error = posix_spawn_file_actions_adddup2(&actions, descriptor, descriptor);
            if (error != 0) return error;
        }
        return 0;
    }

    void set_flags(const SpawnOptions& options) {
        short flags = 0;
        if (options.signals != SpawnOptions::Signals::ours) {
            sigset_t all;
            sigset_t blocked;
            sigfillset(&all);
            sigemptyset(&blocked);
            if (options.signals == SpawnOptions::Signals::held) blocked = all;
            posix_spawnattr_setsigdefault(&attributes, &all);
            posix_spawnattr_setsigmask(&attributes, &blocked);
            flags |= POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
        }
        if (options.family == SpawnOptions::Family::own_group) {
            posix_spawnattr_setpgroup(&attributes, 0);
            flags |= POSIX_SPAWN_SETPGROUP;
        }
        if (options.family == SpawnOptions::Family::own_session) flags |= POSIX_SPAWN_SETSID;
        posix_spawnattr_setflags(&attributes, flags);
    }

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
};

}  // namespace

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    // exec takes `char* const*` and writes into none of them.
    for (const std::string& text : texts)
        pointers.push_back(const_cast<char*>(text.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

bool Pipe::open() noexcept {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    read = Descriptor(ends[0]);
    write = Descriptor(ends[1]);
    return true;
}

int spawn(const std::string& file, const std::vector<std::string>& arguments,
          const SpawnOptions& options, pid_t* child) {
    Settings settings;
    int error = settings.set_streams(options.streams);
    if (error == 0) error = settings.keep_open(options.inherited);
    if (error == 0 && !options.directory.empty()) {
        error = posix_spawn_file_actions_addchdir_np(&settings.actions, options.directory.c_str());
    }
    if (error != 0) return error;
    settings.set_flags(options);
    const std::vector<char*> argv = pointers_to(arguments);
    std::vector<char*> environment;
    if (options.environment != nullptr) environment = pointers_to(*options.environment);
    return posix_spawnp(child, file.c_str(), &settings.actions, &settings.attributes, argv.data(),
                        options.environment != nullptr ? environment.data() : environ);
}

int reap(pid_t child) noexcept {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

}  // namespace threadfault::base
