#include "client/connection.hpp"

#include "base/clean_text.hpp"
#include "base/rights.hpp"
#include "client/absence.hpp"
#include "client/find_agent.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

namespace threadfault::client {
namespace {

using namespace std::chrono_literals;

// An agent answers a look at its tables in microseconds; a second and more means a machine under
// heavy load. The first check whether the process is stopped comes much earlier.
constexpr auto kAnswerWithin = 5s;
constexpr auto kFirstDoubt = 200ms;
constexpr auto kConnectWithin = 2s;
constexpr auto kFruitlessGrant = 1s;
// From the agent's socket closing until the kernel lists its process as dead.
constexpr auto kDeathWithin = 3s;
constexpr auto kGuardianGoesWithin = 50ms;

int milliseconds_until(Clock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000));
}

Connection::AttachIfAbsent& attach_if_absent() {
    static Connection::AttachIfAbsent attach;
    return attach;
}

std::string agent_of(const observe::Process& process) {
    return "the agent of process " + std::to_string(process.pid());
}

}  // namespace

Connection::Connection(const observe::Process& process)
    : process_(process), status_(process.status_at_opening()) {
    nested_namespace_ = status_.ns_pid.size() > 1;
    const std::string root = process.root_path();
    for (const std::string& path : likely_sockets(root, status_)) {
        if (try_connect(path)) return;
    }
    for (const std::string& path : other_sockets(root, status_)) {
        if (try_connect(path)) return;
    }
    if (try_guardian()) return;
    if (!process.alive()) {
        throw Error(ErrorCode::no_such_process,
                    "process " + std::to_string(process.pid()) + " has ended");
    }
    if (attach_if_absent() && attach_if_absent()(process) && try_guardian()) return;
    AbsenceReport report = explain_absence(process);
    if (denied_ && report.absence == Absence::agent_failed) {
        report = {Absence::not_permitted, "not permitted to talk to " + agent_of(process),
                  std::string(base::advice_on_rights())};
    }
    throw to_error(report);
}

void Connection::set_attach_if_absent(AttachIfAbsent attach) {
    attach_if_absent() = std::move(attach);
}

bool Connection::try_guardian() {
    for (const std::string& path : attach_sockets(status_)) {
        if (!try_connect(path, true)) continue;
        nested_namespace_ = false;  // it numbers threads as we do
        return true;
    }
    return false;
}

Connection::~Connection() {
    if (fd_ >= 0) close(fd_);
}

bool Connection::try_connect(const std::string& path, bool to_guardian) {
    sockaddr_un address{};
    if (path.size() >= sizeof address.sun_path) return false;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());

    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        throw Error(ErrorCode::no_agent, "can't create a socket", "",
                    std::error_code(errno, std::system_category()));
    }
    const Clock::time_point deadline = Clock::now() + kConnectWithin;
    int result;
    // EAGAIN: the listener's backlog is full, as it is for a moment under many clients.
    while ((result = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address)) <
               0 &&
           (errno == EAGAIN || errno == EINTR) && Clock::now() < deadline) {
        std::this_thread::sleep_for(1ms);
    }
    if (result < 0) {
        if (errno == EACCES || errno == EPERM) denied_ = true;
        close(fd);
        return false;
    }
    // The listener on that path must be the process itself: not the process that had its pid in
    // another namespace, nor one that dropped a socket of that name into a world-writable
    // directory.
    ucred peer{};
    socklen_t length = sizeof peer;
    const bool known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0;
    const bool ours = peer.uid == 0 || peer.uid == geteuid() ||
                      (geteuid() == 0 && peer.uid == status_.effective_uid);
    if (!known || (to_guardian ? !ours : peer.pid != process_.pid())) {
        close(fd);
        return false;
    }
    if (to_guardian) guardian_ = peer.pid;
    fd_ = fd;
    path_ = path;
    return true;
}

void Connection::send_message(const void* message, std::size_t length) {
    const Clock::time_point deadline = Clock::now() + kAnswerWithin;
    for (;;) {
        if (::send(fd_, message, length, MSG_NOSIGNAL) == static_cast<ssize_t>(length)) return;
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            read_farewell();
            lost();
        }
        pollfd waiting{fd_, POLLOUT, 0};
        if (poll(&waiting, 1, milliseconds_until(deadline)) == 0) silent();
    }
}

// An agent that rejects a client sends the reason and closes, perhaps before it received anything.
// The first call may only tell that what was sent on has not been read (ECONNRESET).
void Connection::read_farewell() {
    make_buffer();
    for (int attempt = 0; attempt < 2; ++attempt) {
        const ssize_t length =
            recv(fd_, buffer_.get(), wire::kMaxMessage, MSG_TRUNC | MSG_DONTWAIT);
        if (length > 0) check(static_cast<std::size_t>(length));
    }
}

void Connection::make_buffer() {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<unsigned char[]>(wire::kMaxMessage);
}

std::size_t Connection::receive(Clock::time_point deadline) {
    make_buffer();
    for (;;) {
        pollfd waiting{fd_, POLLIN, 0};
        const int ready = poll(&waiting, 1, milliseconds_until(deadline));
        if (ready == 0) return 0;
        if (ready < 0) {
            if (errno == EINTR) continue;
            lost();
        }
        // MSG_TRUNC: the packet's real length, so that a larger one than allowed is noticed.
        const ssize_t length = recv(fd_, buffer_.get(), wire::kMaxMessage, MSG_TRUNC);
        if (length > 0) {
            check(static_cast<std::size_t>(length));
            return static_cast<std::size_t>(length);
        }
        if (length < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        read_farewell();
        lost();
    }
}

void Connection::check(std::size_t length) const {
    wire::Header header;
    if (length >= sizeof header) std::memcpy(&header, buffer_.get(), sizeof header);
    const bool sane = length >= sizeof header && length <= wire::kMaxMessage &&
                      header.magic == wire::kMagic && header.length == length;
    if (sane && header.type == wire::Type::error) {
        wire::ErrorReply reply;
        std::memcpy(&reply, buffer_.get(), std::min(length, sizeof reply));
        reply.text[sizeof reply.text - 1] = '\0';
        switch (reply.code) {
            case wire::ErrorCode::bad_version:
                throw Error(ErrorCode::version_mismatch,
                            agent_of(process_) + " speaks protocol version " +
                                std::to_string(reply.agent_version) +
                                ", this threadfault version " + std::to_string(wire::kVersion));
            case wire::ErrorCode::not_permitted:
                throw Error(ErrorCode::not_permitted,
                            agent_of(process_) + " accepts only root and the user that it runs as" +
                                (reply.text[0] != '\0' ? ": " : "") + base::clean_line(reply.text));
            case wire::ErrorCode::too_many_clients:
                explain_by_few_files();
                throw Error(ErrorCode::too_many_clients,
                            agent_of(process_) + " has reached its limit of clients");
            default:
                throw Error(ErrorCode::protocol_error,
                            agent_of(process_) + " refused the request: " + reply.text);
        }
    }
    if (!sane || header.version != wire::kVersion) odd();
}

void Connection::odd() const {
    throw Error(ErrorCode::version_mismatch,
                agent_of(process_) + " sent a reply that this threadfault doesn't understand");
}

bool means_no_answer(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::no_agent:
        case ErrorCode::version_mismatch:
        case ErrorCode::protocol_error:
        case ErrorCode::too_many_clients:
        case ErrorCode::target_stopped:
        case ErrorCode::agent_silent:
            return true;
        default:
            return false;
    }
}

void Connection::lost() const {
    // The agent's descriptors close before the kernel lists its process as dead. A guardian goes
    // after its target.
    const Clock::time_point deadline =
        Clock::now() + (guardian_ != 0 ? kGuardianGoesWithin : kDeathWithin);
    while (Clock::now() < deadline) {
        if (!process_.alive()) {
            throw Error(ErrorCode::target_died,
                        "process " + std::to_string(process_.pid()) + " ended");
        }
        std::this_thread::sleep_for(2ms);
    }
    if (guardian_ != 0) {
        throw Error(ErrorCode::no_agent,
                    "the guardian of process " + std::to_string(process_.pid()) + " (process " +
                        std::to_string(guardian_) + ") has ended or lets the process go",
                    ErrorFacts{.advice = "what one that was killed has left held, `threadfault "
                                         "thaw PID --all` lets go",
                               .pid = process_.pid()});
    }
    if (const AbsenceReport report = explain_absence(process_);
        report.absence == Absence::sandboxed || report.absence == Absence::few_files) {
        throw to_error(report);
    }
    throw Error(
        ErrorCode::no_agent,
        agent_of(process_) + " closed the connection; the process is still running",
        "it may have only one thread left, or have loaded another program (exec); try again");
}

void Connection::silent() const {
    const std::string who = agent_of(process_);
    if (is_stopped()) {
        throw Error(ErrorCode::target_stopped,
                    who + " can't answer: the process is stopped (SIGSTOP, or a debugger)",
                    ErrorFacts{.pid = process_.pid()});
    }
    explain_by_few_files();
    throw Error(ErrorCode::agent_silent, who + " does not answer",
                ErrorFacts{.pid = process_.pid()});
}

// It was lowered under an agent that runs.
void Connection::explain_by_few_files() const {
    const AbsenceReport report = explain_absence(process_);
    if (report.absence == Absence::few_files) throw to_error(report);
}

bool Connection::is_stopped() const {
    for (pid_t tid : process_.tids()) {
        const std::optional<observe::TaskStat> stat = process_.stat(tid);
        if (!stat || stat->is_dead()) continue;
        return stat->state == 'T' || stat->state == 't';
    }
    return false;
}

wire::Header Connection::header() const {
    wire::Header header;
    std::memcpy(&header, buffer_.get(), sizeof header);
    return header;
}

std::size_t Connection::expect(wire::Type type, std::uint32_t request) {
    const Clock::time_point end = Clock::now() + kAnswerWithin;
    Clock::time_point doubt = Clock::now() + kFirstDoubt;
    for (;;) {
        const std::size_t length = receive(std::min(doubt, end));
        if (length == 0) {
            if (Clock::now() >= end || is_stopped()) silent();
            doubt = Clock::now() + kFirstDoubt;
            continue;
        }
        if (header().request == request) {
            if (header().type != type) odd();
            return length;
        }
        // A late answer to something else on this connection: not ours to read. An agent that sends
        // nothing else for so long is none of ours.
        if (Clock::now() >= end) odd();
    }
}

bool Connection::hung_up(std::chrono::milliseconds patience) {
    pollfd waiting{fd_, POLLRDHUP, 0};
    return poll(&waiting, 1, static_cast<int>(patience.count())) > 0;
}

bool Connection::leave(std::chrono::milliseconds patience) {
    const Clock::time_point deadline = Clock::now() + patience;
    shutdown(fd_, SHUT_WR);
    pollfd waiting{fd_, POLLRDHUP, 0};
    for (;;) {
        const int ready = poll(&waiting, 1, milliseconds_until(deadline));
        if (ready >= 0 || errno != EINTR) return ready > 0;
    }
}

pid_t Connection::inner_tid(pid_t tid) const {
    if (!nested_namespace_) return tid;
    const std::optional<observe::TaskStatus> status = process_.status(tid);
    return status && !status->ns_pid.empty() ? status->ns_pid.back() : 0;
}

pid_t Connection::outer_tid(pid_t inner) const {
    if (!nested_namespace_) return inner;
    const auto known = outer_tids_.find(inner);
    if (known != outer_tids_.end()) return known->second;
    // Looking through all threads is for one that is new. An agent that goes on naming threads
    // which don't exist gets no more than a tenth of the time.
    const Clock::time_point begin = Clock::now();
    if (fruitless_ > kFruitlessGrant + (begin - connected_at_) / 10) return 0;
    for (pid_t tid : process_.tids())
        outer_tids_[inner_tid(tid)] = tid;
    const auto found = outer_tids_.find(inner);
    if (found != outer_tids_.end()) return found->second;
    fruitless_ += Clock::now() - begin;
    return 0;
}

}  // namespace threadfault::client
