#include "drive/outside_threads.hpp"

#include "drive/find_helper.hpp"
#include "observe/proc_file.hpp"
#include "threadfault/error.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <sstream>
#include <string>

namespace threadfault::drive {
namespace {

using Clock = std::chrono::steady_clock;

// For a process with 10,000 threads on a busy machine. A picture without these facts is better than
// none.
constexpr std::chrono::seconds kPatience{5};

// The child's standard output goes into `output`, its errors nowhere. 0: it could not be started.
pid_t start(const std::string& program, pid_t pid, int output) {
    std::string number = std::to_string(pid);
    std::string path = program;
    char* const argv[] = {path.data(), number.data(), nullptr};
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return 0;
    pid_t child = 0;
    const bool started =
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) == 0 &&
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
        posix_spawn(&child, path.c_str(), &actions, nullptr, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    return started ? child : 0;
}

// Everything up to the end; false at the deadline.
bool read_all(int fd, std::string* text) {
    const auto deadline = Clock::now() + kPatience;
    char buffer[16384];
    while (true) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) return false;
        pollfd ready{fd, POLLIN, 0};
        if (poll(&ready, 1, static_cast<int>(left)) <= 0) continue;
        const ssize_t got = read(fd, buffer, sizeof buffer);
        if (got == 0) return true;
        if (got > 0) {
            text->append(buffer, static_cast<std::size_t>(got));
        } else if (errno != EINTR) {
            return false;
        }
    }
}

std::string find_program() {
    try {
        return find_helper("threadfault-threads");
    } catch (const Error&) {
        return {};
    }
}

}  // namespace

std::unordered_map<pid_t, OutsideThread> parse_outside_threads(std::string_view text) {
    std::unordered_map<pid_t, OutsideThread> threads;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        pid_t tid = 0;
        OutsideThread thread;
        words >> std::dec >> tid >> std::hex >> thread.pthread >> thread.start_address >>
            thread.start_argument;
        if (words && tid > 0 && thread.pthread != 0) threads[tid] = thread;
    }
    return threads;
}

std::unordered_map<pid_t, OutsideThread> threads_from_outside(pid_t pid) {
    const std::string program = find_program();
    int ends[2];
    if (program.empty() || pipe2(ends, O_CLOEXEC) != 0) return {};
    const observe::Descriptor ours(ends[0]);
    pid_t child = 0;
    {
        const observe::Descriptor theirs(ends[1]);
        child = start(program, pid, theirs.get());
    }
    if (child == 0) return {};
    std::string text;
    const bool complete = read_all(ours.get(), &text);
    if (!complete) kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!complete || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return {};
    return parse_outside_threads(text);
}

}  // namespace threadfault::drive
