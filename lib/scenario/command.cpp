#include "scenario/command.hpp"

#include "drive/faults/death.hpp"
#include "format/format.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace threadfault::scenario {
namespace {

constexpr std::size_t kMostOutput = std::size_t{64} * 1024;

// Closed when it goes.
class Descriptor {
public:
    explicit Descriptor(int number = -1) noexcept : number_(number) {}
    ~Descriptor() { close_now(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const noexcept { return number_; }
    void close_now() noexcept {
        if (number_ >= 0) close(number_);
        number_ = -1;
    }

private:
    int number_;
};

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& changes) {
    std::vector<std::string> merged;
    for (char** variable = environ; *variable != nullptr; variable++) {
        const std::string text = *variable;
        if (changes.find(text.substr(0, text.find('='))) == changes.end()) merged.push_back(text);
    }
    for (const auto& [name, value] : changes)
        merged.push_back(formatted("{}={}", name, value));
    return merged;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> array;
    array.reserve(texts.size() + 1);
    for (std::string& text : texts)
        array.push_back(text.data());
    array.push_back(nullptr);
    return array;
}

// In a process group and with signals of its own; 0 or errno.
int spawn(const std::vector<std::string>& command, const CommandOptions& options, int output,
          pid_t* pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    if (!options.directory.empty())
        posix_spawn_file_actions_addchdir_np(&actions, options.directory.c_str());
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::vector<std::string> arguments = command;
    std::vector<std::string> environment = merged_environment(options.environment);
    const int error = posix_spawnp(pid, arguments.front().c_str(), &actions, &attributes,
                                   pointers(arguments).data(), pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

// What can be read now; false: there will be no more.
bool drain(int descriptor, std::string* output) {
    char buffer[8192];
    while (true) {
        const ssize_t length = read(descriptor, buffer, sizeof buffer);
        if (length == 0) return false;
        if (length < 0) return errno == EAGAIN || errno == EINTR;
        output->append(buffer, static_cast<std::size_t>(length));
        if (output->size() > 2 * kMostOutput) output->erase(0, output->size() - kMostOutput);
    }
}

void reap(pid_t pid, CommandResult* result) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (result->end == CommandResult::End::timed_out ||
        result->end == CommandResult::End::stopped) {
        return;
    }
    result->end = WIFEXITED(status) ? CommandResult::End::exited : CommandResult::End::signalled;
    result->code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}

}  // namespace

std::string CommandResult::text() const {
    switch (end) {
        case End::exited:
            return formatted("exited with code {}", code);
        case End::signalled:
            return formatted("was ended by {}", drive::signal_name(code));
        case End::timed_out:
            return "did not end in time";
        case End::stopped:
            return "was stopped";
        case End::not_started:
            break;
    }
    return formatted("can't be started: {}", std::strerror(code));
}

CommandResult run_command(const std::vector<std::string>& command, const CommandOptions& options,
                          TimePoint deadline, const Stop& stop) {
    CommandResult result;
    result.end = CommandResult::End::not_started;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        result.code = errno;
        return result;
    }
    const Descriptor reader(ends[0]);
    Descriptor writer(ends[1]);
    fcntl(reader.get(), F_SETFL, O_NONBLOCK);
    pid_t pid = -1;
    result.code = spawn(command, options, writer.get(), &pid);
    writer.close_now();
    if (result.code != 0) return result;

    const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    result.end = CommandResult::End::exited;
    bool open = true;
    while (true) {
        pollfd watched[] = {{process.get(), POLLIN, 0},
                            {stop.descriptor(), POLLIN, 0},
                            {open ? reader.get() : -1, POLLIN, 0}};
        poll(watched, 3, poll_timeout(deadline));
        if (watched[2].revents != 0) open = drain(reader.get(), &result.output);
        if (watched[0].revents != 0) break;
        if (watched[1].revents != 0) {
            result.end = CommandResult::End::stopped;
            break;
        }
        if (Clock::now() >= deadline) {
            result.end = CommandResult::End::timed_out;
            break;
        }
    }
    // Also after its own end: what it left behind in its group goes with it. The number can't be
    // taken by anybody else before the command is waited for.
    kill(-pid, SIGKILL);
    reap(pid, &result);
    if (open) drain(reader.get(), &result.output);
    if (result.output.size() > kMostOutput)
        result.output.erase(0, result.output.size() - kMostOutput);
    return result;
}

}  // namespace threadfault::scenario
