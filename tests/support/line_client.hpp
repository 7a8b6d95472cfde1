// A client of the line-based text protocols of memcached and redis.
#ifndef THREADFAULT_TESTS_SUPPORT_LINE_CLIENT_HPP
#define THREADFAULT_TESTS_SUPPORT_LINE_CLIENT_HPP

#include "support/eventually.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace threadfault::test {

class LineClient {
public:
    // Not connected when nobody listens: see connected().
    explicit LineClient(int port);
    ~LineClient();
    LineClient(LineClient&& other) noexcept;
    LineClient& operator=(LineClient&&) = delete;

    bool connected() const noexcept { return fd_ >= 0; }
    bool send(std::string_view text);
    // The next line without its end; nullopt at the deadline or when the server has hung up.
    std::optional<std::string> read_line(std::chrono::milliseconds patience = kPatience);
    // send() and the first line of the answer.
    std::optional<std::string> ask(std::string_view text);

private:
    int fd_ = -1;
    std::string buffer_;
};

// Stores and reads back one value in memcached over this connection.
bool memcached_serves(LineClient& client, const std::string& key);
// The same in redis.
bool redis_serves(LineClient& client, const std::string& key);

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_SUPPORT_LINE_CLIENT_HPP
