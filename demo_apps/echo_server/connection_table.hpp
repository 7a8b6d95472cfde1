// The connections of the server: a descriptor, its state and its two buffers each. The table has a
// fixed size and belongs to no thread. Every change of state is one store, so that whichever
// thread dies, the next one finds each connection either untouched or marked as being worked on.
#ifndef THREADFAULT_DEMO_ECHO_SERVER_CONNECTION_TABLE_HPP
#define THREADFAULT_DEMO_ECHO_SERVER_CONNECTION_TABLE_HPP

#include <array>
#include <atomic>
#include <cstddef>

namespace echo_server {

class Buffer {
public:
    bool empty() const { return size_ == 0; }
    std::size_t room() const { return bytes_.size() - size_; }
    // These two return what read(2) and write(2) did.
    long fill_from(int descriptor);
    long drain_to(int descriptor);
    // Moves whole lines; true when there were any and they fitted.
    bool move_lines_to(Buffer& other);

private:
    void drop(std::size_t count);

    std::array<char, 4096> bytes_{};
    std::size_t size_ = 0;
};

enum class State { free, claimed, fresh, open, busy };

struct Connection {
    // free → claimed → fresh (acceptor) → open ⇄ busy → free (loop)
    std::atomic<State> state{State::free};
    std::atomic<int> descriptor{-1};
    Buffer input;
    Buffer output;

    bool wants_input() const { return input.room() > 0; }
    bool wants_output() const { return !output.empty(); }
};

class ConnectionTable {
public:
    static constexpr int kCapacity = 256;

    ConnectionTable() = default;
    ~ConnectionTable();
    ConnectionTable(const ConnectionTable&) = delete;
    ConnectionTable& operator=(const ConnectionTable&) = delete;

    Connection& at(int index) { return connections_.at(static_cast<std::size_t>(index)); }

    // By the acceptor: a new connection, for the loop to open. False when there is no room.
    bool add(int descriptor);
    // By the loop: reads, echoes and writes what there is. False when the connection has ended and
    // is out of the table.
    bool serve(int index);
    void close(int index);
    int index_of(int descriptor) const;  // of an open one, or -1

    // After the death of its thread: drops the connections that were in that state. What the dead
    // thread had read from them or written to them nobody can tell. Returns how many.
    int drop_all(State state);
    int count(State state) const;

private:
    std::array<Connection, kCapacity> connections_{};
};

}  // namespace echo_server

#endif  // THREADFAULT_DEMO_ECHO_SERVER_CONNECTION_TABLE_HPP
