#include "drive/programs/run_program.hpp"

#include "drive/programs/find_helper.hpp"
#include "observe/proc_file.hpp"
#include "threadfault/error.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace threadfault::drive {
namespace {

using Clock = std::chrono::steady_clock;

// A file and not a pipe: it takes everything at once, whether the program reads it or not.
observe::Descriptor file_with(std::string_view text) {
    observe::Descriptor file(memfd_create("threadfault-input", MFD_CLOEXEC));
    while (file.valid() && !text.empty()) {
        const ssize_t written = write(file.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return observe::Descriptor();
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (file.valid()) lseek(file.get(), 0, SEEK_SET);
    return file;
}

// 0: it could not be started.
pid_t start(const std::string& program, const std::vector<std::string>& arguments, int input,
            int output) {
    std::vector<std::string> words{program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return 0;
    pid_t child = 0;
    const bool started =
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO) == 0 &&
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) == 0 &&
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
        posix_spawnp(&child, program.c_str(), &actions, nullptr, argv.data(), environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    return started ? child : 0;
}

// Everything up to the end; false at the deadline.
bool read_all(int fd, Clock::time_point deadline, std::string* text) {
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

}  // namespace

Ran run_program(const std::string& program, const std::vector<std::string>& arguments,
                std::string_view input, std::chrono::milliseconds patience) {
    Ran ran;
    const observe::Descriptor given = file_with(input);
    int ends[2];
    if (!given.valid() || pipe2(ends, O_CLOEXEC) != 0) return ran;
    const observe::Descriptor ours(ends[0]);
    pid_t child = 0;
    {
        const observe::Descriptor theirs(ends[1]);
        child = start(program, arguments, given.get(), theirs.get());
    }
    if (child == 0) return ran;
    ran.started = true;
    const bool complete = read_all(ours.get(), Clock::now() + patience, &ran.output);
    if (!complete) kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    ran.succeeded = complete && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return ran;
}

std::optional<std::string> ask_helper(std::string_view name,
                                      const std::vector<std::string>& arguments,
                                      std::string_view input) {
    // For a process with 10,000 threads on a busy machine. An answer without the extra is better
    // than none.
    constexpr std::chrono::seconds kPatience{5};
    std::string path;
    try {
        path = find_helper(name);
    } catch (const Error&) {
        return std::nullopt;
    }
    Ran ran = run_program(path, arguments, input, kPatience);
    if (!ran.succeeded) return std::nullopt;
    return std::move(ran.output);
}

}  // namespace threadfault::drive
