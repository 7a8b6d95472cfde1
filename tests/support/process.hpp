// A child process whose output is captured and which is gone, with its children, when the object
// is.
#ifndef THREADFAULT_TESTS_SUPPORT_PROCESS_HPP
#define THREADFAULT_TESTS_SUPPORT_PROCESS_HPP

#include "support/eventually.hpp"

#include <sys/types.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace threadfault::test {

struct SpawnOptions {
    std::optional<uid_t> uid = {};  // real, effective and saved; the group ids follow
    std::map<std::string, std::string> environment = {};  // set on top of ours
    std::string directory = {};                           // "": ours
};

// How a process ended: one of the two is set.
struct Exit {
    std::optional<int> code;
    std::optional<int> signal;
    // As a shell would say it.
    int status() const { return code ? *code : 128 + signal.value_or(0); }
};

class Process {
public:
    // argv[0] is searched in PATH. Throws std::system_error when it can't be started; a child that
    // can't execute the program exits with 127.
    explicit Process(const std::vector<std::string>& argv, const SpawnOptions& options = {});
    // Kills the child's process group.
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    pid_t pid() const noexcept { return pid_; }
    bool running();

    void write(std::string_view text);
    void close_input();
    void send_signal(int signal) const;

    // What was written so far.
    std::string output() const;
    std::string errors() const;

    // The next whole line of the standard output, without its end; nullopt at the deadline, or when
    // there will be none.
    std::optional<std::string> read_line(std::chrono::milliseconds patience = kPatience);
    // Lines are read and dropped until one is, or starts with, `text`: that line.
    std::optional<std::string> read_until(std::string_view text,
                                          std::chrono::milliseconds patience = kPatience);

    // nullopt: still running at the deadline. Output is complete afterwards, unless a grandchild
    // keeps it open.
    std::optional<Exit> wait(std::chrono::milliseconds patience = kPatience);

private:
    void collect(int fd, std::string* into);
    bool reap(int flags);

    std::vector<std::string> argv_;
    pid_t pid_ = -1;
    int input_ = -1;
    int stop_ = -1;  // an eventfd that ends the readers
    std::optional<Exit> exit_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::string output_;
    std::string errors_;
    std::size_t consumed_ = 0;
    int open_streams_ = 2;
    std::thread output_reader_;
    std::thread error_reader_;
};

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_SUPPORT_PROCESS_HPP
