// The kernel keeps the list of descriptors, and it outlives the thread: a successor finds it as it
// was. Level-triggered, so no event can be missed either.
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "engine.hpp"

namespace echo_server {
namespace {

constexpr int kWakePipe = -1;

class EpollEngine : public Engine {
public:
    explicit EpollEngine(ConnectionTable& table) : table_(table), epoll_(epoll_create1(0)) {
        if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    }
    ~EpollEngine() override { close(epoll_); }
    EpollEngine(const EpollEngine&) = delete;
    EpollEngine& operator=(const EpollEngine&) = delete;

    void adopt(int wake_pipe, std::vector<int>& /*ready*/) override {
        add(wake_pipe, kWakePipe, EPOLLIN);
        // A predecessor may have died between serving a connection and saying what it wants next.
        for (int index = 0; index < ConnectionTable::kCapacity; ++index) {
            if (table_.at(index).state == State::open) update(index);
        }
    }

    void watch(int index) override { add(table_.at(index).descriptor, index, interest(index)); }

    void update(int index) override {
        epoll_event event{};
        event.events = interest(index);
        event.data.fd = index;
        epoll_ctl(epoll_, EPOLL_CTL_MOD, table_.at(index).descriptor, &event);
    }

    int wait(std::vector<int>& ready) override {
        std::array<epoll_event, 64> events{};
        const int count =
            epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kWaitMilliseconds);
        if (count < 0) return errno;
        for (int event = 0; event < count; ++event) {
            const int index = events.at(static_cast<std::size_t>(event)).data.fd;
            if (index != kWakePipe) ready.push_back(index);
        }
        return 0;
    }

private:
    // A predecessor may have added it already and died before it could say so: EEXIST is fine.
    void add(int descriptor, int index, std::uint32_t events) const {
        epoll_event event{};
        event.events = events;
        event.data.fd = index;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
    }

    std::uint32_t interest(int index) const {
        const Connection& connection = table_.at(index);
        std::uint32_t events = 0;
        if (connection.wants_input()) events |= EPOLLIN;
        if (connection.wants_output()) events |= EPOLLOUT;
        return events;
    }

    ConnectionTable& table_;
    int epoll_;
};

}  // namespace

std::unique_ptr<Engine> make_epoll_engine(ConnectionTable& table) {
    return std::make_unique<EpollEngine>(table);
}

}  // namespace echo_server
