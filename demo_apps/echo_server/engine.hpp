// How the loop waits for its connections: three answers to one question.
#ifndef THREADFAULT_DEMO_ECHO_SERVER_ENGINE_HPP
#define THREADFAULT_DEMO_ECHO_SERVER_ENGINE_HPP

#include <memory>
#include <vector>

#include "connection_table.hpp"
#include "options.hpp"

namespace echo_server {

// No thread owns an engine; the one that runs the loop uses it.
class Engine {
public:
    virtual ~Engine() = default;

    // At the start of a loop thread, which may be the successor of a dead one: what must be done
    // so that this thread is told of everything in the table, and of `wake_pipe`. The connections
    // that may be ready already go to `ready`.
    virtual void adopt(int wake_pipe, std::vector<int>& ready) = 0;
    // A connection is new in the table.
    virtual void watch(int index) = 0;
    // What a connection wants may have changed.
    virtual void update(int index) = 0;
    // Waits a tenth of a second at most. Indexes of connections that are to be served are put into
    // `ready`. Returns 0, or the errno of the call that waits.
    virtual int wait(std::vector<int>& ready) = 0;
};

std::unique_ptr<Engine> make_epoll_engine(ConnectionTable& table);
std::unique_ptr<Engine> make_poll_engine(ConnectionTable& table);
std::unique_ptr<Engine> make_sigio_engine(ConnectionTable& table, Mode mode);

constexpr int kWaitMilliseconds = 100;

}  // namespace echo_server

#endif  // THREADFAULT_DEMO_ECHO_SERVER_ENGINE_HPP
