// Waits for pipes, sockets, event descriptors and queues whose every end is in the process; with a
// second word, of which another process has one, or which it may get.
#include "actors.hpp"
#include "connections.hpp"

#include "arch/call.hpp"

#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace lock_target {
namespace {

Ends made(const std::string& kind) {
    Ends ends{-1, -1};
    if (kind == "pipe") require(pipe2(ends.data(), O_CLOEXEC) == 0);
    if (kind == "stream")
        require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    if (kind == "datagram")
        require(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    if (kind.starts_with("tcp")) ends = connected_to_itself(kind);
    if (kind == "event") ends[0] = ends[1] = eventfd(0, EFD_CLOEXEC);
    if (kind == "timer") ends[0] = ends[1] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (kind == "queue" || kind == "named-queue") {
        const std::string name = "/threadfault-channels-" + std::to_string(getpid());
        mq_attr attributes{};
        attributes.mq_maxmsg = 1;
        attributes.mq_msgsize = 8;
        ends[0] = ends[1] = mq_open(name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600, &attributes);
        require(ends[0] >= 0);
        // It goes with the process otherwise.
        if (kind == "queue") require(mq_unlink(name.c_str()) == 0);
    }
    require(ends[0] >= 0);
    return ends;
}

struct Way {
    long system_call;
    Action wait;
};

Way way_of(const std::string& kind, int descriptor) {
    if (kind.ends_with("queue")) {
        return {SYS_mq_timedreceive, [descriptor] {
                    std::array<char, 8> message;
                    mq_receive(descriptor, message.data(), message.size(), nullptr);
                }};
    }
    return {SYS_read, [descriptor] {
                std::uint64_t eight = 0;
                if (read(descriptor, &eight, sizeof eight) < 0) std::perror("read");
            }};
}

Way indirect(const std::string& how, int descriptor) {
    if (how == "poll") {
        return {threadfault::arch::kPolled, [descriptor] {
                    pollfd one{descriptor, POLLIN, 0};
                    poll(&one, 1, -1);
                }};
    }
    if (how == "select") {
        return {SYS_pselect6, [descriptor] {
                    fd_set set;
                    FD_ZERO(&set);
                    FD_SET(descriptor, &set);
                    select(descriptor + 1, &set, nullptr, nullptr, nullptr);
                }};
    }
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN;
    require(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0);
    if (how == "epoll-and-timer") {
        const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
        require(epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) == 0);
    }
    return {threadfault::arch::kEpollWaited, [epoll] {
                epoll_event event{};
                epoll_wait(epoll, &event, 1, -1);
            }};
}

// A descriptor that is in nobody's table: its receiver has not taken it yet.
void send_away(int descriptor) {
    static Ends courier = made("stream");
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    char byte = 0;
    iovec data{&byte, 1};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    *reinterpret_cast<int*>(CMSG_DATA(header)) = descriptor;
    require(sendmsg(courier[1], &message, 0) == 1);
}

void channel(const std::vector<std::string>& arguments) {
    const std::string kind = arguments.at(0);
    const std::string how = arguments.size() > 1 ? arguments[1] : "";
    const Ends ends = made(kind);
    Way way = way_of(kind, ends[0]);
    if (how == "poll" || how == "select" || how.starts_with("epoll")) way = indirect(how, ends[0]);
    if (how == "full") {
        way = {SYS_write, [ends] {
                   std::array<char, 65536> block{};
                   while (write(ends[1], block.data(), block.size()) > 0) {
                   }
               }};
    }
    if (how == "limited") {
        const timeval limit{1000, 0};
        require(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    }
    if (how == "half") require(shutdown(ends[0], SHUT_WR) == 0);
    if (how == "sent") send_away(ends[1]);
    if (how == "child" && fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(STDIN_FILENO);
        stay();
    }
    const pthread_t waiter = block_in("waiter", way.system_call, std::move(way.wait));
    say_ready();
    pthread_join(waiter, nullptr);
    _exit(2);
}

// Each of them waits for what the other one would write after it.
void two_talkers(const std::vector<std::string>& arguments) {
    const Ends ends = made(arguments.empty() ? "stream" : arguments[0]);
    const auto talk = [](int end) {
        return [end] {
            char byte = 0;
            if (read(end, &byte, 1) == 1 && write(end, "x", 1) != 1) std::perror("write");
        };
    };
    block_in("first", SYS_read, talk(ends[0]));
    const pthread_t second = block_in("second", SYS_read, talk(ends[1]));
    say_ready();
    pthread_join(second, nullptr);
    _exit(2);
}

}  // namespace

void add_channels(Situations& situations) {
    situations["channel"] = channel;
    situations["two-talkers"] = two_talkers;
}

}  // namespace lock_target
