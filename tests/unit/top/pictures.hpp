// Pictures for the tests of `top`.
#ifndef THREADFAULT_TESTS_UNIT_TOP_PICTURES_HPP
#define THREADFAULT_TESTS_UNIT_TOP_PICTURES_HPP

#include "top/picture.hpp"

#include <string>

namespace threadfault::cli::top {

inline drive::ThreadView thread_of(pid_t tid, std::string name, std::string path) {
    drive::ThreadView thread;
    thread.tid = tid;
    thread.name = std::move(name);
    thread.path = std::move(path);
    thread.state = 'S';
    thread.main = thread.path == "main";
    thread.registered = true;
    thread.index = static_cast<std::uint32_t>(tid % 100);
    thread.start_ticks = static_cast<std::uint64_t>(tid);
    return thread;
}

inline void add_wait(drive::ThreadView& thread, pid_t owner, bool alive) {
    drive::Waiting& waiting = thread.waiting.emplace();
    waiting.kind = WaitKind::mutex;
    waiting.address = 0xbeef;
    waiting.symbol = "cache_lock";
    waiting.owner_tid = owner;
    waiting.owner_alive = alive;
}

// A server with an owner of a lock, a thread that waits for it, and a busy one.
inline Picture server() {
    Picture picture;
    picture.pid = 4700;
    picture.command = "server -t 4";
    picture.time = "12:34:56";
    picture.agent = true;
    picture.threads = {thread_of(4700, "server", "main"), thread_of(4701, "owner", "main/1"),
                       thread_of(4702, "waiter", "main/2"), thread_of(4703, "busy", "main/1/1")};
    add_wait(picture.threads[2], 4701, true);
    picture.threads[1].holding.push_back({WaitKind::mutex, 0xbeef, "cache_lock", 1});
    picture.threads[3].state = 'R';
    picture.percents = {0, 0.5, 0, 98.7};
    picture.cpu_percent = 99.2;
    return picture;
}

}  // namespace threadfault::cli::top

#endif  // THREADFAULT_TESTS_UNIT_TOP_PICTURES_HPP
