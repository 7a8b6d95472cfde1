// The helper's loop: one ppoll over the listener and the clients; no request waits for another's.
#include "execute/syscalls.hpp"
#include "preload/agent/agent.hpp"
#include "preload/agent/answers.hpp"
#include "preload/agent/clients.hpp"
#include "preload/agent/company.hpp"
#include "preload/agent/control_socket.hpp"
#include "preload/agent/keeper.hpp"
#include "preload/agent/lifecycle.hpp"
#include "preload/agent/program_signals.hpp"
#include "preload/agent/waiting.hpp"
#include "preload/agent/works.hpp"
#include "preload/base/log.hpp"
#include "preload/base/sandbox.hpp"
#include "preload/base/signals.hpp"
#include "preload/base/start.hpp"
#include "preload/faults/code_ranges.hpp"
#include "preload/registry/events.hpp"
#include "preload/registry/graveyard.hpp"
#include "wire/wire.hpp"

#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cstring>

namespace threadfault::shim {

namespace {

using execute::sys_call;

void receive(Client& client) noexcept {
    if (!works.has_room_for(client)) return;  // it stays in the socket until there is room
    const long got = sys_call(SYS_recvfrom, client.socket, packet, sizeof packet,
                              MSG_DONTWAIT | MSG_TRUNC, nullptr, nullptr);
    if (got == -EAGAIN || got == -EINTR) return;
    if (got <= 0) return close_client(client);
    const auto size = static_cast<std::size_t>(got);
    client.request = 0;
    const wire::Check check =
        size > sizeof packet ? wire::Check::malformed : wire::check_request(packet, size);
    if (check != wire::Check::ok) return refuse(client, check);
    wire::Header header;
    std::memcpy(&header, packet, sizeof header);
    client.request = header.request;
    switch (header.type) {
        case wire::Type::hello:
            return greet(client);
        case wire::Type::list:
            return list_threads(client);
        case wire::Type::fault:
            return take_up_fault(client);
        case wire::Type::follow:
            return follow(client);
        case wire::Type::arm:
        case wire::Type::specs:
        case wire::Type::disarm:
            return serve_specs(client);
        case wire::Type::dead:
            return tell_of_the_dead(client);
        case wire::Type::capture:
            return begin_captures(client, packet);
        default:
            return refuse(client, wire::Check::bad_type);
    }
}

constinit Patience accepting{"can't accept clients"};
constinit Patience polling{"can't wait for events"};
// The listener is not looked at before: a connection that can't be accepted stays there, and would
// wake us all the time.
std::int64_t accept_again = 0;

constinit Company company;

// For one more open file: the company's is given up. False: there is none to give.
bool make_room_for_a_file() noexcept {
    if (company.descriptor() < 0) return false;
    company.do_without_descriptor(execute::monotonic_ns());
    return true;
}

// False: nobody can ever be accepted.
bool accept_all(int listener) noexcept {
    for (;;) {
        const int socket = accept_client(listener);
        if (socket < 0 && is_shortage(socket) && make_room_for_a_file()) continue;
        if (socket == -EACCES || socket == -ECONNABORTED || socket == -EINTR) continue;
        if (socket < 0) {
            accept_again = 0;
            if (socket == -EAGAIN) return true;
            accept_again = accepting.failed(socket, is_shortage(socket), execute::monotonic_ns());
            return accept_again != execute::kNever;
        }
        accepting.succeeded();
        // What is asked of us is looked up in /proc: one more is needed for that.
        long spare = sys_call(SYS_fcntl, socket, F_DUPFD_CLOEXEC, 0);
        if (spare < 0 && make_room_for_a_file()) {
            spare = sys_call(SYS_fcntl, socket, F_DUPFD_CLOEXEC, 0);
        }
        if (spare < 0) {
            turn_away(socket, wire::ErrorCode::too_many_clients,
                      "the target may open too few files for another client (RLIMIT_NOFILE)");
            continue;
        }
        execute::sys_close(static_cast<int>(spare));
        Client* chosen = nullptr;
        for (Client& client : clients) {
            if (client.socket < 0) chosen = &client;
        }
        if (chosen != nullptr) {
            *chosen = Client{};
            chosen->socket = socket;
            continue;
        }
        turn_away(socket, wire::ErrorCode::too_many_clients, "too many clients at once: try again");
    }
}

// False: there is no way to wait for anything.
bool bear_with(long error) noexcept {
    // The limit of open files is lower now than what we have open.
    if (error == -EINVAL) {
        for (Client& client : clients) {
            if (client.socket < 0) continue;
            log_line("closing a client: the limit of open files was lowered");
            close_client(client);
            return true;
        }
    }
    const std::int64_t again = polling.failed(error, is_shortage(error), execute::monotonic_ns());
    return again != execute::kNever && sleep_until(again);
}

std::int64_t next_feed = execute::kNever;

// How long main must have been alone before the helper goes. Doubled each time that it was missed:
// a program that makes a thread now and then does not pay for a new helper each time.
constexpr std::int64_t kFirstPatience = 50'000'000;
constexpr std::int64_t kLongestPatience = 10'000'000'000;
constexpr std::int64_t kPauseWhenNeeded = 1'000'000'000;
constinit std::int64_t patience = kFirstPatience / 2;
constinit std::int64_t alone_since = execute::kNever;

bool is_needed() noexcept {
    if (keeper.next_look() != execute::kNever) return true;
    for (const Client& client : clients) {
        if (client.socket >= 0) return true;
    }
    for (Work& work : works) {
        if (work.attempt.active()) return true;
    }
    const Record* const main = find_record(shim_pid(), 0);
    return main != nullptr && main->faults.load(std::memory_order_relaxed) != 0;
}

bool main_is_alone() {
    return company.look(execute::monotonic_ns()) == Company::Left::main_alone;
}

// True: the helper is not needed any more, and has left.
bool leaves() noexcept {
    const bool needed = is_needed();
    set_agent_busy(needed);
    const std::int64_t now = execute::monotonic_ns();
    if (now < company.next_look()) return false;
    switch (company.look(now)) {
        case Company::Left::nobody:
            end_with_the_process();
            return true;
        case Company::Left::main_alone:
            if (alone_since == execute::kNever) alone_since = now;
            if (!needed && now - alone_since >= patience && leave_alone_main(main_is_alone)) {
                return true;
            }
            // While it is needed, only main's own end without a word is looked for.
            company.look_again_at(needed ? now + kPauseWhenNeeded : alone_since + patience);
            return false;
        default:
            alone_since = execute::kNever;
            return false;
    }
}

// When the next attempt wants to be looked at; kNever: none is under way.
std::int64_t next_look() noexcept {
    std::int64_t next = keeper.next_look() < next_burial() ? keeper.next_look() : next_burial();
    if (company.next_look() < next) next = company.next_look();
    if (next_feed < next) next = next_feed;
    for (Work& work : works) {
        if (!work.attempt.active() || work.attempt.finished()) continue;
        if (work.attempt.next_look() < next) next = work.attempt.next_look();
    }
    return next;
}

void advance_all() noexcept {
    const std::int64_t now = execute::monotonic_ns();
    keeper.advance(now);
    bury_the_vanished(now);
    for (Work& work : works) {
        if (!work.attempt.active()) continue;
        if (work.attempt.next_look() <= now) work.attempt.advance(now);
        tell_frames(work);
        answer_if_finished(work);
        // Gone with its client.
        if (work.client == nullptr && work.attempt.finished()) work.attempt.clear();
    }
    next_feed = execute::kNever;
    for (Client& client : clients) {
        if (client.socket >= 0 && !client.full && !answer_captures(client)) close_client(client);
        const std::int64_t again = feed(client, now);
        if (again < next_feed) next_feed = again;
    }
}

constinit Reticence reticence;

// Sleeps until something happens. The signal that ends us is let in only here.
long wait_for_events(pollfd* descriptors, unsigned count) noexcept {
    std::int64_t next = next_look();
    const Mask theirs = signals_for_the_program();
    const std::int64_t listen_again = reticence.again(theirs, execute::monotonic_ns());
    if (listen_again < next) next = listen_again;
    if (accept_again != 0 && accept_again < next) next = accept_again;
    if (!ready_to_sleep()) next = 0;
    timespec timeout{};
    if (next != execute::kNever) {
        const std::int64_t left = next - execute::monotonic_ns();
        if (left > 0) {
            timeout.tv_sec = left / execute::kNanosecondsPerSecond;
            timeout.tv_nsec = left % execute::kNanosecondsPerSecond;
        }
    }
    // None: the program has taken them all, and only the socket wakes us.
    const Mask blocked = ~(kLetIn | begin_to_listen(theirs));
    const long ready =
        poll_used(descriptors, count, next == execute::kNever ? nullptr : &timeout, blocked);
    end_to_listen();
    return ready;
}

// False: a filter is upon us, and every system call may be our last.
bool serve(int listener, bool* left) noexcept {
    pollfd descriptors[kMaxClients + 2];
    company.begin(execute::monotonic_ns());
    alone_since = execute::kNever;
    accept_again = 0;
    if (patience < kLongestPatience) patience *= 2;
    while (!should_stop()) {
        const bool accepts = accept_again == 0 || accept_again <= execute::monotonic_ns();
        descriptors[0] = {accepts ? listener : -1, POLLIN, 0};
        descriptors[kMaxClients + 1] = {company.descriptor(), POLLIN, 0};
        for (unsigned i = 0; i < kMaxClients; ++i) {
            // When nothing more can be taken up, a client is only watched for its going.
            const bool takes = clients[i].socket >= 0 && works.has_room_for(clients[i]);
            const short events = takes ? POLLIN : 0;
            const short room = clients[i].full ? POLLOUT : 0;
            descriptors[i + 1] = {clients[i].socket, static_cast<short>(events | room), 0};
        }
        const long ready = wait_for_events(descriptors, kMaxClients + 2);
        if (is_sandboxed()) return false;
        if (ready < 0 && ready != -EINTR) {
            if (!bear_with(ready)) break;
            continue;
        }
        polling.succeeded();
        if (ready > 0) {
            for (unsigned i = 0; i < kMaxClients; ++i) {
                if (clients[i].socket < 0 || descriptors[i + 1].fd < 0) continue;
                const short happened = descriptors[i + 1].revents;
                if ((happened & POLLOUT) != 0) clients[i].full = false;
                if ((happened & POLLIN) != 0) {
                    receive(clients[i]);
                } else if ((happened & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
                    close_client(clients[i]);
                }
            }
            if (descriptors[0].revents != 0 && !accept_all(listener)) break;
            if (descriptors[kMaxClients + 1].revents != 0) {
                company.sentinel_ended(execute::monotonic_ns());
            }
        }
        advance_all();
        *left = leaves();
        if (*left) break;
    }
    company.end();
    keeper.undo_all();
    for (Client& client : clients)
        close_client(client);
    return true;
}

}  // namespace

bool run_agent() noexcept {
    sys_call(SYS_prctl, PR_SET_NAME, "threadfault", 0, 0, 0);
    // From here on our descriptors are our own: the program does not see them, can't close them,
    // and its children don't inherit them (close_range(2), Linux 5.9).
    const long unshared = sys_call(SYS_close_range, 0, ~0U, CLOSE_RANGE_UNSHARE);
    if (unshared != 0) {
        log_line("no agent: can't unshare the descriptor table", unshared);
        return false;
    }
    if (!works.prepare()) {
        log_line("no agent: out of memory");
        return false;
    }
    learn_code_ranges();
    const int listener = open_socket();
    if (listener < 0) {
        log_line("no agent: can't create the socket", listener);
        return false;
    }
    log_line("the agent listens");
    bool left = false;
    if (!serve(listener, &left)) return false;
    remove_socket();
    execute::sys_close(listener);
    // Not asked to end: what could not be waited for or accepted won't be by another one either.
    return left || should_stop();
}

}  // namespace threadfault::shim
