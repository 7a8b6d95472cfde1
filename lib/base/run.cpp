#include "base/run.hpp"

#include "base/spawn.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace threadfault::base {
namespace {

using Clock = std::chrono::steady_clock;
using End = RunResult::End;

// A file and not a pipe: it takes everything at once, whether the program reads it or not.
Descriptor file_with(std::string_view text) {
    Descriptor file(memfd_create("threadfault-input", MFD_CLOEXEC));
    while (file && !text.empty()) {
        const ssize_t written = write(file.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return Descriptor();
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (file) lseek(file.get(), 0, SEEK_SET);
    return file;
}

// For poll(2): rounded up, so that no time is spent in looking again and again before it.
int milliseconds_until(Clock::time_point deadline) {
    if (deadline == Clock::time_point::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
}

// One of the program's streams, as it comes.
class Collected {
public:
    Collected(std::string* into, std::size_t most) : into_(into), most_(most) {}

    bool open() { return pipe_.open() && fcntl(pipe_.read.get(), F_SETFL, O_NONBLOCK) == 0; }
    int theirs() const noexcept { return pipe_.write.get(); }
    void close_theirs() noexcept { pipe_.write.reset(); }
    int watched() const noexcept { return pipe_.read.get(); }

    // What is there now.
    void drain() {
        char buffer[16384];
        while (pipe_.read) {
            const ssize_t length = read(pipe_.read.get(), buffer, sizeof buffer);
            if (length > 0) {
                into_->append(buffer, static_cast<std::size_t>(length));
                if (into_->size() / 2 > most_) cut();
            } else if (length == 0 || (errno != EINTR && errno != EAGAIN)) {
                pipe_.read.reset();
            } else if (errno == EAGAIN) {
                return;
            }
        }
    }
    // True: something was lost.
    bool cut() {
        if (into_->size() > most_) {
            into_->erase(0, into_->size() - most_);
            cut_ = true;
        }
        return cut_;
    }

private:
    Pipe pipe_;
    std::string* into_;
    std::size_t most_;
    bool cut_ = false;
};

class Run {
public:
    explicit Run(const RunOptions& options)
        : options_(options),
          output_(&result_.output, options.most_output),
          errors_(&result_.errors, options.most_output) {}

    RunResult to_the_end(const std::vector<std::string>& arguments) {
        if (!start(arguments)) return result_;
        const End end = watch();
        // Also after its own end: what it left behind in its group goes with it. The number can't
        // be reused before the program is waited for.
        if (options_.own_group) {
            kill(-child_, SIGKILL);
        } else if (end != End::exited) {
            kill(child_, SIGKILL);
        }
        const int status = reap(child_);
        output_.drain();
        errors_.drain();
        const bool cut = output_.cut();
        result_.truncated = errors_.cut() || cut;
        result_.end = end;
        if (end != End::exited) return result_;
        if (WIFEXITED(status)) {
            result_.code = WEXITSTATUS(status);
        } else {
            result_.end = End::signalled;
            result_.code = WTERMSIG(status);
        }
        return result_;
    }

private:
    bool start(const std::vector<std::string>& arguments) {
        SpawnOptions spawned;
        Descriptor input;
        if (!options_.input.empty()) {
            input = file_with(options_.input);
            if (!input) return fail(errno);
        }
        const bool apart = options_.errors == RunOptions::Errors::apart;
        if (!output_.open() || (apart && !errors_.open())) return fail(errno);
        spawned.streams = {input ? input.get() : SpawnOptions::kNull, output_.theirs(),
                           apart ? errors_.theirs()
                           : options_.errors == RunOptions::Errors::with_output
                               ? output_.theirs()
                               : SpawnOptions::kNull};
        spawned.environment = options_.environment;
        spawned.directory = options_.directory;
        if (options_.own_group) {
            spawned.family = SpawnOptions::Family::own_group;
            spawned.signals = SpawnOptions::Signals::clear;
        }
        const int error = spawn(arguments.front(), arguments, spawned, &child_);
        output_.close_theirs();
        errors_.close_theirs();
        return error == 0 || fail(error);
    }

    bool fail(int error) {
        result_.end = End::not_started;
        result_.code = error;
        return false;
    }

    End watch() {
        const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, child_, 0)));
        for (;;) {
            pollfd watched[] = {{process.get(), POLLIN, 0},
                                {options_.stop, POLLIN, 0},
                                {output_.watched(), POLLIN, 0},
                                {errors_.watched(), POLLIN, 0}};
            poll(watched, std::size(watched), milliseconds_until(options_.deadline));
            output_.drain();
            errors_.drain();
            // Without a pidfd (no descriptor left, a filter): the end of its output is its end.
            const bool silent = output_.watched() < 0 && errors_.watched() < 0;
            if (watched[0].revents != 0 || (!process && silent)) return End::exited;
            if (watched[1].revents != 0) return End::stopped;
            if (Clock::now() >= options_.deadline) return End::timed_out;
        }
    }

    const RunOptions& options_;
    RunResult result_;
    Collected output_;
    Collected errors_;
    pid_t child_ = 0;
};

}  // namespace

RunResult run(const std::vector<std::string>& arguments, const RunOptions& options) {
    return Run(options).to_the_end(arguments);
}

}  // namespace threadfault::base
