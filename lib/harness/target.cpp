// A target's life: what it is, whether it lives, how it ends.
#include "drive/programs/targets.hpp"
#include "format/format.hpp"
#include "harness/impl.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace threadfault {

using target::Clock;
using target::deadline_after;
using target::poll_until;

Target::Target(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Target::~Target() = default;
Target::Target(Target&& other) noexcept = default;
Target& Target::operator=(Target&& other) noexcept = default;

bool Target::Impl::needs_guardian(const observe::Process& process) const {
    try {
        // Its agent may be starting this very moment.
        return connect(process, std::chrono::seconds(1))->guardian() != 0;
    } catch (const Error& error) {
        if (!error.facts().may_attach) throw;
    }
    // A process can't stop itself, nor its tracer see to it.
    if (process.pid() != getpid()) return true;
    throw Error(ErrorCode::no_agent,
                formatted("no agent: process {} is this program itself", process.pid()),
                "start it with `threadfault run`, or have another process attach to it");
}

Target Target::attach_to(pid_t pid, const AttachOptions& options) {
    if (!options.ready.output.empty()) {
        throw Error(ErrorCode::usage,
                    "Ready::output: the output of a process that is attached to is not ours",
                    "set Ready::listening or Ready::thread");
    }
    auto impl = std::make_unique<Impl>();
    impl->pid = pid;
    impl->grace = options.grace;
    impl->last_stacks = options.last_stacks;
    // Watch first: the process that is opened after it is then the watched one.
    impl->attached = std::make_unique<drive::DeathWatch>(pid);
    observe::Process process(pid);
    impl->command = {process.command()};
    if (impl->needs_guardian(process))
        impl->tether = std::make_unique<target::Tether>(std::move(process));
    Target target(std::move(impl));
    target.impl_->await_ready(target, options.ready);
    return target;
}

void Target::detach() {
    if (impl_->guarded) {
        throw Error(ErrorCode::usage, impl_->who() + " was launched by this program",
                    "terminate() ends it");
    }
    std::unique_ptr<target::Tether> tether;
    {
        const std::lock_guard lock(impl_->mutex);
        tether = std::move(impl_->tether);
    }
    if (tether && !impl_->has_ended()) tether->let_go(std::chrono::seconds(10));
}

pid_t Target::pid() const noexcept {
    return impl_->pid;
}

const std::vector<std::string>& Target::command() const noexcept {
    return impl_->command;
}

bool Target::Impl::has_ended() const {
    if (guarded) return guarded->has_ended();
    if (attached->watches()) return attached->has_ended();
    return ::kill(pid, 0) != 0 && errno == ESRCH;
}

std::string Target::Impl::who() const {
    return formatted("{} (process {})", command.front(), pid);
}

void Target::Impl::throw_ended() const {
    const std::optional<Exit> exit = wait_exit(deadline_after(std::chrono::seconds(1)));
    throw Error(ErrorCode::target_died,
                formatted("{} {}", who(), exit ? exit->text() : Exit{}.text()));
}

observe::Process Target::Impl::open() const {
    if (has_ended()) throw_ended();
    try {
        observe::Process process(pid);
        // The pid may have been reused since the first look.
        if (!has_ended()) return process;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::no_such_process) throw;
    }
    throw_ended();
}

std::unique_ptr<client::Connection> Target::Impl::connect(const observe::Process& process,
                                                          std::chrono::nanoseconds patience) const {
    const Clock::time_point deadline = deadline_after(patience);
    while (true) {
        try {
            return std::make_unique<client::Connection>(process);
        } catch (const Error& error) {
            if (has_ended()) throw_ended();
            const bool starting = error.code() == ErrorCode::no_agent &&
                                  !error.facts().may_attach && process.tids().size() > 1;
            if (!starting || Clock::now() >= deadline) throw;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

std::optional<Exit> Target::Impl::wait_exit(Clock::time_point deadline) const {
    std::optional<int> status;
    if (guarded) {
        status = guarded->wait_status(deadline);
        if (!status) return std::nullopt;
        if (*status == target::kStatusUnknown) return Exit{};
    } else {
        if (!poll_until(deadline, [this] { return has_ended(); })) return std::nullopt;
        status = attached->wait_status();
        if (!status) return Exit{};
    }
    Exit exit;
    if (WIFSIGNALED(*status)) {
        exit.signal = WTERMSIG(*status);
    } else {
        exit.code = WEXITSTATUS(*status);
    }
    return exit;
}

std::vector<pid_t> Target::targets(std::string_view command) const {
    drive::TargetFilter filter;
    filter.command = command;
    // Whose parent has ended is the guardian's child.
    filter.ancestor = impl_->guarded ? impl_->guarded->guardian() : impl_->pid;
    std::vector<pid_t> pids;
    for (const drive::TargetProcess& found : drive::find_targets(filter))
        pids.push_back(found.pid);
    return pids;
}

bool Target::alive() const {
    return !impl_->has_ended();
}

std::optional<Exit> Target::wait_exit(std::chrono::nanoseconds within) const {
    return impl_->wait_exit(deadline_after(within));
}

std::optional<Exit> Target::terminate() {
    if (impl_->guarded) {
        impl_->guarded->end();
    } else if (!impl_->has_ended()) {
        ::kill(impl_->pid, SIGTERM);
        if (!impl_->wait_exit(deadline_after(impl_->grace)) && !impl_->has_ended()) {
            ::kill(impl_->pid, SIGKILL);
        }
    }
    return impl_->wait_exit(deadline_after(std::chrono::seconds(10)));
}

std::string Target::output() const {
    return impl_->guarded ? impl_->guarded->text(Stream::output) : std::string();
}

std::string Target::errors() const {
    return impl_->guarded ? impl_->guarded->text(Stream::errors) : std::string();
}

std::size_t Target::lost_output(Stream stream) const {
    return impl_->guarded ? impl_->guarded->lost(stream) : 0;
}

std::optional<std::string> Target::wait_for_line(const std::string& regex,
                                                 std::chrono::nanoseconds within, Stream stream,
                                                 std::size_t* position) const {
    if (!impl_->captures) {
        throw Error(ErrorCode::usage, impl_->who() + ": its output is not captured",
                    "launch it with Output::captured");
    }
    return impl_->guarded->wait_for_line(regex, deadline_after(within), stream, position);
}

void Target::write(std::string_view text) {
    if (!impl_->guarded) {
        throw Error(ErrorCode::usage, impl_->who() + " was not launched by this program",
                    "launch it with Input::piped");
    }
    impl_->guarded->write(text);
}

void Target::close_input() {
    if (impl_->guarded) impl_->guarded->close_input();
}

}  // namespace threadfault
