#include "sweep/running.hpp"

#include "base/spawn.hpp"
#include "format/format.hpp"
#include "harness/process_tree.hpp"
#include "threadfault/error.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace threadfault::sweep {
namespace {

constexpr off_t kMostOutput = off_t{64} << 20;

off_t size_of(int descriptor) {
    struct stat about {};
    return fstat(descriptor, &about) == 0 ? about.st_size : 0;
}

std::string content_of(int descriptor) {
    std::string text(static_cast<std::size_t>(std::min(size_of(descriptor), kMostOutput)), '\0');
    std::size_t length = 0;
    while (length < text.size()) {
        const ssize_t got = pread(descriptor, text.data() + length, text.size() - length,
                                  static_cast<off_t>(length));
        if (got <= 0) break;
        length += static_cast<std::size_t>(got);
    }
    text.resize(length);
    return text;
}

// Those of each of our threads, as the kernel keeps them: looking through all of /proc for them
// would take longer than many a program runs.
std::vector<pid_t> our_children() {
    std::vector<pid_t> children;
    std::error_code none;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", none)) {
        std::ifstream file(task.path() / "children");
        if (!file) {
            for (const target::ProcessEntry& process : target::descendants_of(getpid()))
                children.push_back(process.pid);
            return children;
        }
        for (pid_t child = 0; file >> child;)
            children.push_back(child);
    }
    return children;
}

}  // namespace

void become_subreaper() {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

Running::Running(const drive::Launch& launch, const RunSetting& setting)
    : launch_(launch),
      output_(memfd_create("output", MFD_CLOEXEC)),
      errors_(memfd_create("errors", MFD_CLOEXEC)) {
    launch_.environment.insert(launch_.environment.end(), setting.environment.begin(),
                               setting.environment.end());
    base::SpawnOptions options;
    base::Descriptor input;
    options.streams = {base::SpawnOptions::kNull, output_.get(), errors_.get()};
    if (!setting.input.empty()) {
        input = base::Descriptor(open(setting.input.c_str(), O_RDONLY | O_CLOEXEC));
        if (!input) {
            throw Error(ErrorCode::no_such_file,
                        formatted("--input {}: {}", setting.input, std::strerror(errno)));
        }
        options.streams[0] = input.get();
    }
    options.environment = &launch_.environment;
    options.directory = setting.directory;
    options.signals = base::SpawnOptions::Signals::clear;
    options.family = base::SpawnOptions::Family::own_session;
    begin_ = Clock::now();
    const int error = base::spawn(launch_.file, launch_.arguments, options, &pid_);
    if (error != 0) {
        throw drive::CannotStart(
            error == ENOENT ? ErrorCode::not_found : ErrorCode::not_executable,
            formatted("{}: {}", launch_.arguments.front(), std::strerror(error)));
    }
    pidfd_ = base::Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
}

Running::~Running() {
    end();
}

double Running::seconds() const {
    return std::chrono::duration<double>((ended() ? end_ : Clock::now()) - begin_).count();
}

bool Running::wait(TimePoint deadline, const scenario::Stop& stop) {
    while (!ended()) {
        pollfd fds[] = {{pidfd_.get(), POLLIN, 0}, {stop.descriptor(), POLLIN, 0}};
        const int ready = poll(fds, 2, scenario::poll_timeout(deadline));
        if (ready > 0 && fds[0].revents != 0) {
            end_ = Clock::now();
            // While the number is still taken: afterwards it may be another group's.
            kill(-pid_, SIGKILL);
            status_ = base::reap(pid_);
            break;
        }
        if ((ready > 0 && fds[1].revents != 0) || Clock::now() >= deadline) break;
    }
    return ended();
}

void Running::signal(int number) const noexcept {
    if (!ended()) kill(pid_, number);
}

void Running::end() noexcept {
    if (over_) return;
    over_ = true;
    if (!ended()) {
        kill(-pid_, SIGKILL);
        end_ = Clock::now();
        status_ = base::reap(pid_);
    }
    // What made a process group of its own is still in the session, unless it made one of those,
    // too: then the guardian ends it with the sweep. Whoever loses his parent becomes our child.
    bool found = true;
    while (found) {
        found = false;
        for (const pid_t child : our_children()) {
            if (getsid(child) != pid_) continue;
            kill(child, SIGKILL);
            found = waitpid(child, nullptr, 0) == child || found;
        }
    }
}

std::string Running::output() const {
    return content_of(output_.get());
}

std::string Running::errors() const {
    return content_of(errors_.get());
}

bool Running::too_much_output() const {
    return size_of(output_.get()) > kMostOutput || size_of(errors_.get()) > kMostOutput;
}

}  // namespace threadfault::sweep
