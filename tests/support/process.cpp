#include "support/process.hpp"

#include "support/record.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace threadfault::test {
namespace {

struct Pipe {
    int read_end = -1;
    int write_end = -1;
};

Pipe make_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category());
    return {ends[0], ends[1]};
}

// In the child, between fork and exec: only async-signal-safe calls, as this process has threads.
struct Plan {
    char* const* argv;
    char* const* environment;
    const char* directory;
    const uid_t* uid;
    int input, output, errors;
    pid_t parent;
};

[[noreturn]] void become(const Plan& plan) {
    setpgid(0, 0);
    // A test runner that kills this process kills no targets: they would live on.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != plan.parent) _exit(125);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    signal(SIGPIPE, SIG_DFL);
    if (dup2(plan.input, 0) < 0 || dup2(plan.output, 1) < 0 || dup2(plan.errors, 2) < 0) _exit(125);
    if (plan.directory != nullptr && chdir(plan.directory) != 0) _exit(125);
    if (plan.uid != nullptr) {
        const uid_t id = *plan.uid;
        if (setgroups(0, nullptr) != 0 || setresgid(id, id, id) != 0 || setresuid(id, id, id) != 0)
            _exit(125);
    }
    execvpe(plan.argv[0], plan.argv, plan.environment);
    _exit(127);
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& extra) {
    std::vector<std::string> merged;
    for (char** entry = environ; *entry != nullptr; entry++) {
        const std::string text = *entry;
        if (!extra.contains(text.substr(0, text.find('=')))) merged.push_back(text);
    }
    for (const auto& [name, value] : extra)
        merged.push_back(name + "=" + value);
    return merged;
}

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    for (const std::string& text : strings)
        pointers.push_back(const_cast<char*>(text.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace

Process::Process(const std::vector<std::string>& argv, const SpawnOptions& options) : argv_(argv) {
    // A write to a child that has ended is an error to report, not our end.
    signal(SIGPIPE, SIG_IGN);
    const std::vector<std::string> environment = merged_environment(options.environment);
    const std::vector<char*> argument_pointers = pointers_to(argv);
    const std::vector<char*> environment_pointers = pointers_to(environment);
    const Pipe in = make_pipe(), out = make_pipe(), err = make_pipe();
    const Plan plan{argument_pointers.data(),
                    environment_pointers.data(),
                    options.directory.empty() ? nullptr : options.directory.c_str(),
                    options.uid ? &*options.uid : nullptr,
                    in.read_end,
                    out.write_end,
                    err.write_end,
                    getpid()};
    pid_ = fork();
    if (pid_ == 0) become(plan);
    const int error = errno;
    for (int fd : {in.read_end, out.write_end, err.write_end})
        close(fd);
    if (pid_ < 0) throw std::system_error(error, std::generic_category(), "fork");
    setpgid(pid_, pid_);  // whoever is first
    input_ = in.write_end;
    stop_ = eventfd(0, EFD_CLOEXEC);
    output_reader_ = std::thread([this, fd = out.read_end] { collect(fd, &output_); });
    error_reader_ = std::thread([this, fd = err.read_end] { collect(fd, &errors_); });
}

Process::~Process() {
    // The group is ours as long as its leader is not reaped; afterwards a kill finds what it left
    // behind, or nothing (a group id is not reused while a member lives).
    kill(-pid_, SIGKILL);
    if (!exit_) {
        kill(pid_, SIGKILL);  // it may have left the group
        reap(0);
    }
    close_input();
    const std::uint64_t one = 1;
    if (::write(stop_, &one, sizeof one) != sizeof one) std::abort();
    output_reader_.join();
    error_reader_.join();
    close(stop_);
    record_json(argv_, output_, errors_);
}

void Process::collect(int fd, std::string* into) {
    char buffer[4096];
    pollfd watched[2] = {{fd, POLLIN, 0}, {stop_, POLLIN, 0}};
    while (true) {
        if (poll(watched, 2, -1) < 0) continue;
        if (watched[0].revents == 0) break;  // told to stop, and nothing left to read
        const ssize_t length = read(fd, buffer, sizeof buffer);
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) break;
        const std::lock_guard lock(mutex_);
        into->append(buffer, static_cast<std::size_t>(length));
        changed_.notify_all();
    }
    close(fd);
    const std::lock_guard lock(mutex_);
    open_streams_--;
    changed_.notify_all();
}

bool Process::reap(int flags) {
    if (exit_) return true;
    int status = 0;
    pid_t reaped = 0;
    do {
        reaped = waitpid(pid_, &status, flags);
    } while (reaped < 0 && errno == EINTR);
    if (reaped != pid_) return false;
    exit_.emplace();
    if (WIFEXITED(status)) exit_->code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) exit_->signal = WTERMSIG(status);
    return true;
}

bool Process::running() {
    return !reap(WNOHANG);
}

void Process::write(std::string_view text) {
    while (!text.empty()) {
        const ssize_t length = ::write(input_, text.data(), text.size());
        if (length < 0 && errno == EINTR) continue;
        if (length < 0) return;  // it has ended: what the test then looks for is missing
        text.remove_prefix(static_cast<std::size_t>(length));
    }
}

void Process::close_input() {
    if (input_ >= 0) close(input_);
    input_ = -1;
}

void Process::send_signal(int signal) const {
    kill(pid_, signal);
}

std::string Process::output() const {
    const std::lock_guard lock(mutex_);
    return output_;
}

std::string Process::errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
}

std::optional<std::string> Process::read_line(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    std::size_t end = std::string::npos;
    changed_.wait_for(lock, patience, [&] {
        end = output_.find('\n', consumed_);
        return end != std::string::npos || open_streams_ == 0;
    });
    if (end == std::string::npos) return std::nullopt;
    std::string line = output_.substr(consumed_, end - consumed_);
    consumed_ = end + 1;
    return line;
}

std::optional<std::string> Process::read_until(std::string_view text,
                                               std::chrono::milliseconds patience) {
    const auto deadline = Clock::now() + patience;
    while (true) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        auto line = read_line(std::max(left, std::chrono::milliseconds(0)));
        if (!line || line->starts_with(text)) return line;
    }
}

std::optional<Exit> Process::wait(std::chrono::milliseconds patience) {
    const auto deadline = Clock::now() + patience;
    if (!eventually([this] { return reap(WNOHANG); }, patience)) return std::nullopt;
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [this] { return open_streams_ == 0; });
    return exit_;
}

}  // namespace threadfault::test
