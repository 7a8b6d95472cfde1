#include "drive/faults/settle.hpp"

#include "drive/threads/thread_view.hpp"

#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace threadfault::drive {
namespace {

// What a storm chooses by. A thread that has yet to name itself changes this when it does.
using Picture = std::vector<std::tuple<pid_t, std::string, std::string>>;

struct Look {
    Picture picture;
    bool main_runs = false;
};

Look look(const observe::Process& process, client::Connection& connection) {
    Look seen;
    for (const ThreadView& thread : list_threads(process, &connection, {}).threads) {
        seen.picture.emplace_back(thread.tid, thread.path, thread.name);
        // Runnable counts too: on a busy machine the one that makes the threads may not have got a
        // CPU for longer than any pause that we could wait.
        if (thread.main) seen.main_runs = thread.state == 'R';
    }
    return seen;
}

}  // namespace

bool wait_until_settled(const observe::Process& process, client::Connection& connection,
                        std::chrono::nanoseconds patience, const std::function<bool()>& stop) {
    using namespace std::chrono_literals;
    constexpr int kEqualLooks = 10;
    const auto deadline = client::Clock::now() + patience;
    Picture last;
    for (int equal = 0; equal < kEqualLooks;) {
        if (stop() || client::Clock::now() >= deadline) return false;
        Look now = look(process, connection);
        equal = now.picture == last && !now.main_runs ? equal + 1 : 0;
        last = std::move(now.picture);
        std::this_thread::sleep_for(10ms);
    }
    return true;
}

}  // namespace threadfault::drive
