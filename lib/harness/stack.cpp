// Stacks, by the command: unwinding needs what a test program should not have to link.
#include "format/format.hpp"
#include "harness/impl.hpp"
#include "harness/installation.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace threadfault {
namespace {

using target::Descriptor;

struct Answer {
    int status = 0;
    std::string output;
    std::string errors;
};

Answer run(const std::vector<std::string>& arguments) {
    int output[2];
    int errors[2];
    if (pipe2(output, O_CLOEXEC) != 0) {
        throw std::system_error(errno, std::generic_category(), "pipe");
    }
    Descriptor output_end(output[0]);
    Descriptor output_source(output[1]);
    if (pipe2(errors, O_CLOEXEC) != 0) {
        throw std::system_error(errno, std::generic_category(), "pipe");
    }
    Descriptor errors_end(errors[0]);
    Descriptor errors_source(errors[1]);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output_source.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors_source.get(), STDERR_FILENO);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    pid_t pid = 0;
    const int error = posix_spawn(&pid, argv.front(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::system_error(error, std::generic_category(), arguments.front());
    output_source.reset();
    errors_source.reset();

    Answer answer;
    while (output_end || errors_end) {
        pollfd fds[] = {{output_end.get(), POLLIN, 0}, {errors_end.get(), POLLIN, 0}};
        if (poll(fds, 2, -1) < 0) continue;
        const auto take = [](const pollfd& fd, Descriptor* from, std::string* into) {
            if (fd.revents == 0) return;
            char buffer[4096];
            const ssize_t length = read(from->get(), buffer, sizeof buffer);
            if (length > 0) into->append(buffer, static_cast<std::size_t>(length));
            if (length == 0 || (length < 0 && errno != EINTR)) from->reset();
        };
        take(fds[0], &output_end, &answer.output);
        take(fds[1], &errors_end, &answer.errors);
    }
    while (waitpid(pid, &answer.status, 0) < 0 && errno == EINTR) {
    }
    return answer;
}

}  // namespace

std::string Target::Impl::stack(std::string_view selector) const {
    std::vector<std::string> arguments = {target::find_command(), "stack", "--color", "never",
                                          std::to_string(pid)};
    if (!selector.empty()) arguments.emplace_back(selector);
    Answer answer = run(arguments);
    if (WIFEXITED(answer.status) && WEXITSTATUS(answer.status) == 0) return answer.output;
    if (has_ended()) throw_ended();
    while (answer.errors.ends_with('\n'))
        answer.errors.pop_back();
    const int code = WIFEXITED(answer.status) ? WEXITSTATUS(answer.status) : 0;
    throw Error(code >= 1 && code <= 7 ? static_cast<ExitCode>(code) : ExitCode::usage, "no_stack",
                formatted("{}: no stack: {}", who(), answer.errors));
}

void Target::Impl::note_stack(const std::vector<drive::Victim>& victims) {
    std::string text;
    // Of very many the first ones tell enough, and the others are not kept waiting.
    constexpr std::size_t kMost = 4;
    for (std::size_t i = 0; i < std::min(victims.size(), kMost); i++) {
        try {
            text += stack(std::to_string(victims[i].tid));
        } catch (const std::exception&) {
            // A report that lacks its stack is better than a fault that is not done.
        }
    }
    const std::lock_guard lock(mutex);
    last_stack = std::move(text);
}

std::string Target::stack(std::string_view selector) const {
    return impl_->stack(selector);
}

std::string Target::last_stack() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->last_stack;
}

}  // namespace threadfault
