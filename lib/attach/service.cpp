#include "attach/service.hpp"

#include "base/fault.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

namespace threadfault::attach {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookEvery = 50ms;  // at the threads, for those who follow
constexpr auto kCheckEvery = 1s;   // is the region still there?
constexpr auto kIdleFor = 200ms;   // without a client, until that counts
constexpr auto kFirstClientWithin = 10s;
constexpr auto kLateStopWithin = 2s;
constexpr std::size_t kMostClients = 64;

template <typename Message>
std::optional<Message> read_as(const unsigned char* bytes, std::size_t length) {
    if (length != sizeof(Message)) return std::nullopt;
    Message message;
    std::memcpy(&message, bytes, sizeof message);
    return message;
}

wire::EndKind end_by(wire::Fault fault) {
    switch (fault) {
        case wire::Fault::vanish:
            return wire::EndKind::vanished;
        case wire::Fault::exit:
            return wire::EndKind::exited;
        default:
            return wire::EndKind::cancelled;
    }
}

}  // namespace

Service::Service(const observe::Process& process, ControlSocket& socket, Attachment& attachment,
                 const ServiceOptions& options)
    : process_(process),
      socket_(socket),
      attachment_(attachment),
      options_(options),
      works_(process, attachment,
             [this](int client, const wire::FaultRequest& request, const wire::FaultReply& reply) {
                 answer(client, request, reply);
             }),
      happenings_(process),
      began_(std::chrono::steady_clock::now()),
      last_client_(began_) {
    sigset_t ends;
    sigemptyset(&ends);
    for (const int number : {SIGTERM, SIGINT, SIGHUP})
        sigaddset(&ends, number);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    signals_ = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
    target_ = static_cast<int>(syscall(SYS_pidfd_open, process.pid(), 0));
}

Service::~Service() {
    for (const auto& [client, about] : clients_)
        close(client);
    for (const int client : leaving_)
        close(client);
    if (signals_ >= 0) close(signals_);
    if (target_ >= 0) close(target_);
}

void Service::run() {
    Clock::time_point next_look = Clock::now();
    Clock::time_point next_check = Clock::now() + kCheckEvery;
    for (;;) {
        Clock::time_point until = std::min(works_.step(), next_check);
        if (BorrowedThread::release_late()) until = std::min(until, Clock::now() + 1ms);
        const bool followed = std::any_of(clients_.begin(), clients_.end(),
                                          [](const auto& client) { return client.second.follows; });
        if (followed) until = std::min(until, next_look);
        if (options_.time) until = std::min(until, began_ + *options_.time);
        if (options_.until_idle || options_.until_deserted)
            until = std::min(until, Clock::now() + kIdleFor);
        if (!wait(until)) break;
        if (target_ended_) return;
        see_off();
        if (deserted_) break;
        const Clock::time_point now = Clock::now();
        if (!clients_.empty()) last_client_ = now;
        if (followed && now >= next_look) {
            for (const wire::EventReply& event : happenings_.look())
                tell(event);
            next_look = now + kLookEvery;
        }
        if (now >= next_check) {
            next_check = now + kCheckEvery;
            attachment_.forget_dead();
            if (!process_.alive() || attachment_.is_lost()) return;
        }
        if (options_.time && now >= began_ + *options_.time) break;
        const bool unused = clients_.empty() && now - last_client_ > kIdleFor &&
                            (had_client_ || now - began_ > kFirstClientWithin);
        if (unused && (options_.until_deserted || (options_.until_idle && works_.idle()))) break;
    }
    let_go();
}

bool Service::wait(Clock::time_point until) {
    std::vector<pollfd> watched = {
        {socket_.descriptor(), POLLIN, 0}, {signals_, POLLIN, 0}, {target_, POLLIN, 0}};
    for (const auto& [client, about] : clients_)
        watched.push_back({client, POLLIN, 0});
    const auto left = std::max<std::chrono::nanoseconds>(until - Clock::now(), 0ns);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec patience{seconds.count(), (left - seconds).count()};
    if (ppoll(watched.data(), watched.size(), &patience, nullptr) < 0) return true;
    if (watched[2].revents != 0) target_ended_ = true;
    if (watched[1].revents != 0) return false;
    if (watched[0].revents != 0) accept_clients();
    for (std::size_t i = 3; i < watched.size(); ++i)
        if (watched[i].revents != 0 && clients_.contains(watched[i].fd)) hear(watched[i].fd);
    return true;
}

void Service::accept_clients() {
    for (int client = socket_.accept(); client >= 0; client = socket_.accept()) {
        had_client_ = true;
        last_client_ = Clock::now();
        if (clients_.size() >= kMostClients) {
            refuse(client, {}, wire::ErrorCode::too_many_clients, "too many clients");
            close(client);
            continue;
        }
        clients_[client] = {};
    }
}

void Service::hear(int client) {
    static unsigned char buffer[wire::kMaxMessage];
    // A few at a time: one client does not keep others waiting.
    for (int messages = 0; messages < 32 && clients_.contains(client); ++messages) {
        const ssize_t length = recv(client, buffer, sizeof buffer, MSG_TRUNC | MSG_DONTWAIT);
        if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (length <= 0) {
            drop(client);
            return;
        }
        serve(client, buffer, static_cast<std::size_t>(length));
    }
}

void Service::serve(int client, const unsigned char* message, std::size_t length) {
    wire::Header header;
    const bool short_one = length < sizeof header || length > wire::kMaxMessage;
    if (!short_one) std::memcpy(&header, message, sizeof header);
    if (short_one || header.length != length) {
        refuse(client, header, wire::ErrorCode::malformed, "malformed message");
    } else if (header.magic != wire::kMagic) {
        refuse(client, header, wire::ErrorCode::bad_magic, "not a message of threadfault");
    } else if (header.version != wire::kVersion) {
        refuse(client, header, wire::ErrorCode::bad_version, "another version of the protocol");
    } else if (header.type == wire::Type::hello) {
        return hello(client, header);
    } else if (header.type == wire::Type::follow) {
        return follow(client, header);
    } else if (const auto asked = read_as<wire::ListRequest>(message, length);
               asked && header.type == wire::Type::list) {
        return list(client, *asked);
    } else if (const auto fault = read_as<wire::FaultRequest>(message, length);
               fault && header.type == wire::Type::fault) {
        return works_.begin(client, *fault);
    } else if (const auto captured = read_as<wire::CaptureRequest>(message, length);
               captured && header.type == wire::Type::capture) {
        return captures(client, *captured);
    } else if (header.type == wire::Type::dead) {
        wire::DeadReply reply;
        reply.header = wire::make_header(wire::DeadReply::kType, sizeof reply, header.request);
        return say(client, &reply, sizeof reply);
    } else if (header.type == wire::Type::arm) {
        wire::ArmReply reply;
        reply.header = wire::make_header(wire::ArmReply::kType, sizeof reply, header.request);
        reply.outcome = wire::ArmOutcome::needs_points;
        return say(client, &reply, sizeof reply);
    } else if (header.type == wire::Type::specs) {
        wire::SpecsReply reply;
        reply.header = wire::make_header(wire::SpecsReply::kType, sizeof reply, header.request);
        return say(client, &reply, sizeof reply);
    } else if (header.type == wire::Type::disarm) {
        wire::DisarmReply reply;
        reply.header = wire::make_header(wire::DisarmReply::kType, sizeof reply, header.request);
        return say(client, &reply, sizeof reply);
    } else {
        refuse(client, header, wire::ErrorCode::bad_type,
               "the guardian of an attached process can't do that");
    }
    drop(client);
}

void Service::say(int client, const void* message, std::size_t length) {
    if (send(client, message, length, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return;
    // One that does not read what it has asked for.
    drop(client);
}

void Service::refuse(int client, const wire::Header& request, wire::ErrorCode code,
                     const char* text) {
    wire::ErrorReply reply;
    reply.header = wire::make_header(wire::ErrorReply::kType, sizeof reply, request.request);
    reply.code = code;
    std::strncpy(reply.text, text, sizeof reply.text - 1);
    send(client, &reply, sizeof reply, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Service::hello(int client, const wire::Header& request) {
    wire::HelloReply reply;
    reply.header = wire::make_header(wire::HelloReply::kType, sizeof reply, request.request);
    reply.pid = process_.pid();
    reply.threads = static_cast<std::uint32_t>(process_.tids().size());
    reply.records = reply.threads;
    say(client, &reply, sizeof reply);
}

// Who created whom is not known here, nor in which order: what /proc and the faults in force tell.
void Service::list(int client, const wire::ListRequest& request) {
    const std::vector<observe::TaskStat> all = process_.snapshot();
    std::vector<wire::ThreadRecord> records;
    std::size_t next = request.cursor;
    for (; next < all.size() && records.size() < wire::kMaxRecords; ++next) {
        const observe::TaskStat& stat = all[next];
        if (request.tid != 0 && request.tid != stat.tid) continue;
        wire::ThreadRecord& record = records.emplace_back();
        record.tid = stat.tid;
        record.flags = wire::kThreadUnregistered;
        if (stat.tid == process_.pid()) record.flags |= wire::kThreadMain;
        works_.tell_in_force({stat.tid, stat.start_ticks}, &record);
        stat.name.copy(record.name, sizeof record.name - 1);
    }
    wire::ListReply reply;
    const std::size_t size = records.size() * sizeof(wire::ThreadRecord);
    reply.header =
        wire::make_header(wire::ListReply::kType, sizeof reply + size, request.header.request);
    reply.count = static_cast<std::uint32_t>(records.size());
    reply.next = next < all.size() ? static_cast<std::uint32_t>(next) : 0;
    std::vector<unsigned char> message(sizeof reply + size);
    std::memcpy(message.data(), &reply, sizeof reply);
    if (size != 0) std::memcpy(message.data() + sizeof reply, records.data(), size);
    say(client, message.data(), message.size());
}

void Service::follow(int client, const wire::Header& request) {
    const bool first = std::none_of(clients_.begin(), clients_.end(),
                                    [](const auto& other) { return other.second.follows; });
    if (first) {
        happenings_.forget();
        happenings_.look();
    }
    clients_[client].follows = true;
    wire::EventReply event = make_event(wire::kFollowing, 0, {});
    event.header.request = request.request;
    say(client, &event, sizeof event);
}

// Stacks are read from outside, by whoever wants them.
void Service::captures(int client, const wire::CaptureRequest& request) {
    const std::size_t count = std::min<std::size_t>(request.count, wire::kMostCaptures);
    std::vector<wire::CaptureRecord> records(count);
    for (std::size_t i = 0; i < count; ++i) {
        records[i].number = request.targets[i].number;
        records[i].outcome = wire::FaultOutcome::refused;
        records[i].reason = wire::Reason::not_supported;
    }
    const std::size_t size = count * sizeof(wire::CaptureRecord);
    const wire::Header header = wire::make_header(
        wire::CaptureReply::kType, sizeof(wire::CaptureReply) + size, request.header.request);
    std::vector<unsigned char> message(sizeof(wire::CaptureReply) + size);
    std::memcpy(message.data(), &header, sizeof header);
    if (size != 0) std::memcpy(message.data() + sizeof(wire::CaptureReply), records.data(), size);
    say(client, message.data(), message.size());
}

void Service::tell(const wire::EventReply& event) {
    for (auto& [client, about] : clients_) {
        if (!about.follows) continue;
        wire::EventReply copy = event;
        copy.lost = about.lost;
        const bool sent = send(client, &copy, sizeof copy, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
        about.lost = sent ? 0 : about.lost + 1;
    }
}

void Service::answer(int client, const wire::FaultRequest& request, const wire::FaultReply& reply) {
    if (base::info(request.fault).death && reply.outcome == wire::FaultOutcome::ended) {
        happenings_.note_end(request.tid, end_by(request.fault));
    }
    wire::EventReply event = make_event(wire::EventKind::fault, request.tid, reply.name);
    event.how = static_cast<std::uint32_t>(request.fault) |
                static_cast<std::uint32_t>(reply.outcome) << wire::kOutcomeShift;
    tell(event);
    if (clients_.contains(client)) say(client, &reply, sizeof reply);
}

void Service::drop(int client) {
    if (!clients_.contains(client)) return;
    works_.forget_client(client);
    clients_.erase(client);
    if (options_.until_deserted) {
        leaving_.push_back(client);
    } else {
        close(client);
    }
}

// A client that waits for our end to close knows by it that nothing of ours is left in the target,
// unless others are there. Those who have closed theirs, and have not been heard yet, are not.
void Service::see_off() {
    if (leaving_.empty()) return;
    deserted_ = std::none_of(clients_.begin(), clients_.end(), [](const auto& client) {
        pollfd other{client.first, POLLRDHUP, 0};
        return poll(&other, 1, 0) == 0;
    });
    if (deserted_) return;
    for (const int client : leaving_)
        close(client);
    leaving_.clear();
}

void Service::let_go() {
    works_.end_all();
    socket_.close();
    const auto wait = [this](int ms) {
        pollfd target{target_, POLLIN, 0};
        return poll(&target, 1, ms) == 0 && process_.alive();
    };
    while (!attachment_.leave()) {
        if (!wait(20)) return;
        BorrowedThread::release_late();
    }
    // At our end the kernel lets go a thread that has yet to come to its stop, but one that waits
    // in epoll_wait(2) or its like would see EINTR of it. Not for ever: it may be uninterruptible.
    const auto until = Clock::now() + kLateStopWithin;
    while (BorrowedThread::release_late() && Clock::now() < until)
        if (!wait(1)) return;
}

}  // namespace threadfault::attach
