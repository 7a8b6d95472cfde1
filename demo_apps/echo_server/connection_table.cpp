#include "connection_table.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace echo_server {

long Buffer::fill_from(int descriptor) {
    const long got = recv(descriptor, bytes_.data() + size_, room(), MSG_DONTWAIT);
    if (got > 0) size_ += static_cast<std::size_t>(got);
    return got;
}

long Buffer::drain_to(int descriptor) {
    const long sent = send(descriptor, bytes_.data(), size_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) drop(static_cast<std::size_t>(sent));
    return sent;
}

bool Buffer::move_lines_to(Buffer& other) {
    const std::size_t limit = std::min(size_, other.room());
    std::size_t lines = limit;
    while (lines > 0 && bytes_.at(lines - 1) != '\n')
        --lines;
    if (lines == 0) return false;
    std::memcpy(other.bytes_.data() + other.size_, bytes_.data(), lines);
    other.size_ += lines;
    drop(lines);
    return true;
}

void Buffer::drop(std::size_t count) {
    size_ -= count;
    std::memmove(bytes_.data(), bytes_.data() + count, size_);
}

ConnectionTable::~ConnectionTable() {
    for (int index = 0; index < kCapacity; ++index)
        close(index);
}

bool ConnectionTable::add(int descriptor) {
    for (Connection& connection : connections_) {
        State expected = State::free;
        if (!connection.state.compare_exchange_strong(expected, State::claimed)) continue;
        connection.descriptor = descriptor;
        connection.input = Buffer();
        connection.output = Buffer();
        connection.state = State::fresh;
        return true;
    }
    return false;
}

bool ConnectionTable::serve(int index) {
    Connection& connection = at(index);
    const int descriptor = connection.descriptor;
    connection.state = State::busy;
    bool ended = false;
    bool progress = true;
    while (progress && !ended) {
        progress = false;
        if (connection.wants_input()) {
            const long got = connection.input.fill_from(descriptor);
            progress = got > 0;
            ended = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
        }
        if (connection.input.move_lines_to(connection.output)) progress = true;
        if (connection.wants_output()) {
            const long sent = connection.output.drain_to(descriptor);
            if (sent > 0) progress = true;
            if (sent < 0 && errno != EAGAIN && errno != EINTR) ended = true;
        }
        // A line longer than both buffers can never be sent back.
        if (!connection.wants_input() && !connection.wants_output() && !progress) ended = true;
    }
    if (ended) {
        close(index);
        return false;
    }
    connection.state = State::open;
    return true;
}

void ConnectionTable::close(int index) {
    Connection& connection = at(index);
    // Taken out first: whoever comes after a death in here must not close a reused number.
    const int descriptor = connection.descriptor.exchange(-1);
    if (descriptor >= 0) ::close(descriptor);
    connection.state = State::free;
}

int ConnectionTable::index_of(int descriptor) const {
    const auto found = std::find_if(connections_.begin(), connections_.end(), [&](const auto& one) {
        return one.descriptor == descriptor && one.state == State::open;
    });
    return found == connections_.end() ? -1 : static_cast<int>(found - connections_.begin());
}

int ConnectionTable::drop_all(State state) {
    int dropped = 0;
    for (int index = 0; index < kCapacity; ++index) {
        if (at(index).state != state) continue;
        close(index);
        ++dropped;
    }
    return dropped;
}

int ConnectionTable::count(State state) const {
    return static_cast<int>(std::count_if(connections_.begin(), connections_.end(),
                                          [&](const auto& one) { return one.state == state; }));
}

}  // namespace echo_server
