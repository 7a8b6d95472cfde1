// The list of descriptors is made anew from the table for each call: a successor finds in the table
// all that it needs.
#include <poll.h>

#include <array>
#include <cerrno>

#include "engine.hpp"

namespace echo_server {
namespace {

class PollEngine : public Engine {
public:
    explicit PollEngine(ConnectionTable& table) : table_(table) {}

    void adopt(int wake_pipe, std::vector<int>& /*ready*/) override { wake_pipe_ = wake_pipe; }
    void watch(int /*index*/) override {}
    void update(int /*index*/) override {}

    int wait(std::vector<int>& ready) override {
        nfds_t count = 0;
        const auto add = [&](int descriptor, int index, short events) {
            polled_.at(count) = pollfd{descriptor, events, 0};
            indexes_.at(count++) = index;
        };
        add(wake_pipe_, -1, POLLIN);
        for (int index = 0; index < ConnectionTable::kCapacity; ++index) {
            const Connection& connection = table_.at(index);
            if (connection.state != State::open) continue;
            const int events =
                (connection.wants_input() ? POLLIN : 0) | (connection.wants_output() ? POLLOUT : 0);
            add(connection.descriptor, index, static_cast<short>(events));
        }
        if (poll(polled_.data(), count, kWaitMilliseconds) < 0) return errno;
        for (nfds_t entry = 1; entry < count; ++entry) {
            if (polled_.at(entry).revents != 0) ready.push_back(indexes_.at(entry));
        }
        return 0;
    }

private:
    ConnectionTable& table_;
    int wake_pipe_ = -1;
    std::array<pollfd, ConnectionTable::kCapacity + 1> polled_{};
    std::array<int, ConnectionTable::kCapacity + 1> indexes_{};
};

}  // namespace

std::unique_ptr<Engine> make_poll_engine(ConnectionTable& table) {
    return std::make_unique<PollEngine>(table);
}

}  // namespace echo_server
