#include "harness/guarded_process.hpp"

#include "base/spawn.hpp"
#include "drive/programs/find_helper.hpp"
#include "format/format.hpp"
#include "harness/lines.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace threadfault::target {
namespace {

using guardian::Kind;
using guardian::Message;
using std::chrono::milliseconds;

// Beyond the grace, for SIGKILL to do its work on a busy machine. What then still lives (a process
// in an uninterruptible wait, one of another user) is left to the guardian.
constexpr std::chrono::seconds kPatience{10};

[[noreturn]] void no_guardian(const std::string& what, int error) {
    throw Error(ErrorCode::no_guardian,
                formatted("the guardian of the target: {}: {}", what, std::strerror(error)));
}

}  // namespace

Clock::time_point deadline_after(std::chrono::nanoseconds time) noexcept {
    const Clock::time_point now = Clock::now();
    return time < Clock::time_point::max() - now ? now + time : Clock::time_point::max();
}

// What the target gets as 0, 1 and 2; -1: our own. The other ends are ours.
struct GuardedProcess::Pipes {
    std::array<Descriptor, 3> theirs;
    std::array<Descriptor, 3> ours;

    void connect(int number) {
        base::Pipe pipe;
        if (!pipe.open()) no_guardian("can't create a pipe", errno);
        theirs[number] = std::move(number == 0 ? pipe.read : pipe.write);
        ours[number] = std::move(number == 0 ? pipe.write : pipe.read);
    }
    void discard(int number) {
        theirs[number] = Descriptor(open("/dev/null", O_RDWR | O_CLOEXEC));
        if (theirs[number].get() < 0) no_guardian("/dev/null", errno);
    }
};

GuardedProcess::GuardedProcess(const drive::Launch& launch, const LaunchOptions& options,
                               Descriptor output)
    : program_(launch.arguments.front()), grace_(options.grace) {
    Pipes pipes;
    if (options.input == Input::none) pipes.discard(STDIN_FILENO);
    if (options.input == Input::piped) pipes.connect(STDIN_FILENO);
    for (const int number : {STDOUT_FILENO, STDERR_FILENO}) {
        if (options.output == Output::captured) pipes.connect(number);
        if (options.output == Output::discarded) pipes.discard(number);
    }
    if (output) pipes.theirs[STDOUT_FILENO] = std::move(output);
    stop_ = Descriptor(eventfd(0, EFD_CLOEXEC));
    if (!stop_) no_guardian("eventfd", errno);
    start_guardian(launch, options, pipes);
    try {
        start_target(options);
    } catch (...) {
        lifeline_.reset();
        waitpid(guardian_, nullptr, 0);
        throw;
    }
    input_fd_ = std::move(pipes.ours[STDIN_FILENO]);
    output_fd_ = std::move(pipes.ours[STDOUT_FILENO]);
    errors_fd_ = std::move(pipes.ours[STDERR_FILENO]);
    open_streams_ = options.output == Output::captured ? 2 : 0;
    // Signals of the test program are for its own threads.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    collector_ = std::thread([this] { collect(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void GuardedProcess::start_guardian(const drive::Launch& launch, const LaunchOptions& options,
                                    Pipes& pipes) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        no_guardian("can't create a socket", errno);
    }
    Descriptor ours(ends[0]);
    Descriptor theirs(ends[1]);

    const std::string path = drive::find_helper("threadfault-guardian");
    std::vector<std::string> arguments = {
        path,
        std::to_string(theirs.get()),
        std::to_string(getpid()),
        std::to_string(std::chrono::duration_cast<milliseconds>(options.grace).count()),
        options.directory,
        options.scratch,
        launch.file};
    arguments.insert(arguments.end(), launch.arguments.begin(), launch.arguments.end());

    base::SpawnOptions spawned;
    for (std::size_t number = 0; number < 3; ++number) {
        if (pipes.theirs[number]) spawned.streams[number] = pipes.theirs[number].get();
    }
    spawned.inherited = {theirs.get()};
    spawned.environment = &launch.environment;
    // The target begins with no signal blocked or ignored, whatever the test program does with
    // them; the guardian blocks all signals, but must not receive one before it has.
    spawned.signals = base::SpawnOptions::Signals::held;
    spawned.family = base::SpawnOptions::Family::own_session;
    const int error = base::spawn(path, arguments, spawned, &guardian_);
    if (error != 0) no_guardian(path, error);
    theirs.reset();
    for (Descriptor& end : pipes.theirs)
        end.reset();
    lifeline_ = std::move(ours);
}

void GuardedProcess::start_target(const LaunchOptions& options) {
    Message message = hear();
    if (message.kind == Kind::created) {
        pid_ = message.value;
        // Before the target can end and its pid be reused.
        pidfd_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
        say(Kind::go);
        message = hear();
    }
    if (message.kind == Kind::no_place) {
        throw Error(ErrorCode::no_directory,
                    formatted("{}: {}", options.directory, std::strerror(message.value)));
    }
    if (message.kind == Kind::no_scratch) {
        throw Error(ErrorCode::no_directory,
                    formatted("{}: {}", options.scratch, std::strerror(message.value)));
    }
    if (message.kind == Kind::failed) {
        const bool missing = message.value == ENOENT;
        throw drive::CannotStart(missing ? ErrorCode::not_found : ErrorCode::not_executable,
                                 formatted("{}: {}", program_, std::strerror(message.value)), "");
    }
}

GuardedProcess::~GuardedProcess() {
    end();
    const std::uint64_t one = 1;
    while (::write(stop_.get(), &one, sizeof one) < 0 && errno == EINTR) {
    }
    collector_.join();
    lifeline_.reset();
    // It exits right after reporting, or stays to wait for what can't be ended.
    waitpid(guardian_, nullptr, all_gone_ ? 0 : WNOHANG);
}

bool GuardedProcess::has_ended() const noexcept {
    pollfd fd{pidfd_.get(), POLLIN, 0};
    return poll(&fd, 1, 0) > 0;
}

Message GuardedProcess::hear() const {
    Message message;
    ssize_t length = 0;
    do {
        length = recv(lifeline_.get(), &message, sizeof message, 0);
    } while (length < 0 && errno == EINTR);
    if (length != sizeof message) no_guardian("it ended during start", length < 0 ? errno : EPIPE);
    return message;
}

void GuardedProcess::say(Kind kind) const {
    const Message message{kind, 0};
    send(lifeline_.get(), &message, sizeof message, MSG_NOSIGNAL);
}

void GuardedProcess::collect() {
    bool lifeline = true;
    int output = output_fd_.get();
    int errors = errors_fd_.get();
    while (true) {
        pollfd fds[] = {{stop_.get(), POLLIN, 0},
                        {lifeline ? lifeline_.get() : -1, POLLIN, 0},
                        {output, POLLIN, 0},
                        {errors, POLLIN, 0}};
        if (poll(fds, 4, -1) < 0) continue;
        if (fds[1].revents != 0) {
            // The end is reported only after all output written before it is available.
            take_what_is_there(output, &output_);
            take_what_is_there(errors, &errors_);
            lifeline = take_message();
            continue;
        }
        if (fds[2].revents != 0 && !take_output(output, &output_)) output = -1;
        if (fds[3].revents != 0 && !take_output(errors, &errors_)) errors = -1;
        if (fds[0].revents != 0) return;
    }
}

bool GuardedProcess::take_message() {
    Message message;
    const ssize_t length = recv(lifeline_.get(), &message, sizeof message, MSG_DONTWAIT);
    if (length < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    const std::lock_guard lock(mutex_);
    if (length == sizeof message) {
        if (message.kind == Kind::exited) status_ = message.value;
        if (message.kind == Kind::all_gone) all_gone_ = true;
    } else {
        // A guardian that was killed can't report any more, and nothing else ends the target.
        if (!status_) end_unguarded();
        all_gone_ = true;
    }
    changed_.notify_all();
    return length == sizeof message;
}

bool GuardedProcess::take_output(int fd, Captured* into) {
    char buffer[16384];
    const ssize_t length = read(fd, buffer, sizeof buffer);
    if (length < 0 && errno == EINTR) return true;
    const std::lock_guard lock(mutex_);
    if (length > 0) {
        into->append({buffer, static_cast<std::size_t>(length)});
    } else {
        open_streams_--;
    }
    changed_.notify_all();
    return length > 0;
}

void GuardedProcess::end_unguarded() noexcept {
    if (!has_ended()) {
        kill(-pid_, SIGKILL);
        syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
    }
    status_ = kStatusUnknown;
}

void GuardedProcess::take_what_is_there(int fd, Captured* into) {
    int there = 0;
    if (fd < 0 || ioctl(fd, FIONREAD, &there) != 0 || there <= 0) return;
    std::string text(static_cast<std::size_t>(there), '\0');
    const ssize_t length = read(fd, text.data(), text.size());
    const std::lock_guard lock(mutex_);
    if (length > 0)
        into->append(std::string_view(text).substr(0, static_cast<std::size_t>(length)));
}

std::optional<int> GuardedProcess::wait_status(Clock::time_point deadline) const {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [this] { return status_.has_value(); });
    return status_;
}

void GuardedProcess::end() {
    {
        const std::lock_guard lock(mutex_);
        if (all_gone_) return;
    }
    say(Kind::end);
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline_after(grace_ + kPatience), [this] { return all_gone_; });
}

std::string GuardedProcess::text(Stream stream) const {
    const std::lock_guard lock(mutex_);
    return (stream == Stream::errors ? errors_ : output_).text();
}

std::size_t GuardedProcess::lost(Stream stream) const {
    const std::lock_guard lock(mutex_);
    return (stream == Stream::errors ? 0 : output_.lost()) +
           (stream == Stream::output ? 0 : errors_.lost());
}

std::optional<std::string> GuardedProcess::wait_for_line(const std::string& regex,
                                                         Clock::time_point deadline, Stream stream,
                                                         std::size_t* position) const {
    LineSearch output(regex, stream != Stream::errors && position != nullptr ? *position : 0);
    LineSearch errors(regex, stream == Stream::errors && position != nullptr ? *position : 0);
    std::optional<std::string> line;
    std::unique_lock lock(mutex_);
    while (true) {
        const bool over = open_streams_ == 0;
        if (stream != Stream::errors) line = output.next(output_.text(), over, output_.lost());
        if (!line && stream != Stream::output)
            line = errors.next(errors_.text(), over, errors_.lost());
        if (line || over || Clock::now() >= deadline) break;
        changed_.wait_until(lock, deadline);
    }
    if (position != nullptr && line) {
        *position = stream == Stream::errors ? errors.position() : output.position();
    }
    return line;
}

void GuardedProcess::write(std::string_view text) {
    const std::lock_guard lock(input_mutex_);
    // A pipe has no MSG_NOSIGNAL: SIGPIPE is kept from the test program by hand.
    sigset_t pipe;
    sigset_t before;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    ssize_t written = 0;
    int error = !input_fd_ ? EPIPE : 0;
    while (error == 0 && !text.empty()) {
        written = ::write(input_fd_.get(), text.data(), text.size());
        if (written >= 0) text.remove_prefix(static_cast<std::size_t>(written));
        if (written < 0 && errno != EINTR) error = errno;
    }
    if (error == EPIPE && sigismember(&before, SIGPIPE) == 0) {
        const timespec now{};
        sigtimedwait(&pipe, nullptr, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (error != 0) {
        throw Error(ErrorCode::input_closed,
                    formatted("{} (process {}) no longer reads its input", program_, pid_), "",
                    std::error_code(error, std::generic_category()));
    }
}

void GuardedProcess::close_input() {
    const std::lock_guard lock(input_mutex_);
    input_fd_.reset();
}

}  // namespace threadfault::target
