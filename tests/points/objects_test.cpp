// An error that the object of a call can't give is not injected there, and what the kernel does
// besides failing happens.
#include "run_target.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace threadfault::test {
namespace {

std::string on_objects(const std::string& mode, const std::string& spec,
                       std::vector<std::string> more = {}) {
    std::vector<std::string> command{OBJECTS_TARGET, mode};
    command.insert(command.end(), more.begin(), more.end());
    Process process(command, injecting({spec}));
    const auto exit = process.wait();
    if (!exit) return "hang after: " + process.output();
    if (exit->signal) return "signal " + std::to_string(*exit->signal);
    return process.output();
}

// The names of the objects on which it came to an error.
std::string givers(const std::string& mode, const std::string& spec, const std::string& error) {
    std::istringstream lines(on_objects(mode, spec));
    std::string names;
    std::string line;
    while (std::getline(lines, line)) {
        const std::size_t space = line.find(' ');
        const std::string rest = line.substr(space + 1);
        if (rest == error || rest.starts_with(error + " ")) names += line.substr(0, space) + " ";
    }
    return names;
}

TEST(ImpossibleErrors, DependOnTheMutex) {
    EXPECT_EQ("checking ", givers("lock", "pthread_mutex_lock:error=EDEADLK", "EDEADLK"));
    EXPECT_EQ("recursive ", givers("lock", "pthread_mutex_lock:error=EAGAIN", "EAGAIN"));
    EXPECT_EQ("robust ",
              givers("lock", "pthread_mutex_lock:error=ENOTRECOVERABLE", "ENOTRECOVERABLE"));
    EXPECT_EQ("inheriting ", givers("lock", "pthread_mutex_lock:error=EINVAL", "EINVAL"));
    EXPECT_EQ("recursive checking robust inheriting ",
              givers("unlock", "pthread_mutex_unlock:error=EPERM", "EPERM"));
    EXPECT_EQ("normal adaptive recursive checking robust inheriting ",
              givers("lock", "pthread_mutex_lock:error=EDEADLK:force", "EDEADLK"));
}

TEST(ImpossibleErrors, DependOnTheDescriptor) {
    EXPECT_EQ("", givers("read", "read:error=EISDIR", "EISDIR"));
    EXPECT_EQ("file device eventfd ", givers("read", "read:error=EIO", "EIO"));
    EXPECT_EQ("pipe-nonblocking stream-nonblocking stream-with-limit ",
              givers("read", "read:error=EAGAIN", "EAGAIN"));
    EXPECT_EQ("file device pipe stream stream-with-limit datagram eventfd ",
              givers("read", "read:interrupt", "EINTR"));
    EXPECT_EQ("stream stream-nonblocking stream-with-limit datagram ",
              givers("read", "read:error=ECONNRESET", "ECONNRESET"));
    EXPECT_EQ("", givers("read", "read:error=ETIMEDOUT", "ETIMEDOUT"));
    EXPECT_EQ("file device ", givers("write", "write:error=ENOSPC", "ENOSPC"));
    EXPECT_EQ("file ", givers("write", "write:error=EFBIG", "EFBIG"));
    EXPECT_EQ("file device eventfd ", givers("close", "close:error=EIO", "EIO"));
    EXPECT_EQ("stream-dontwait stream-nonblocking stream-with-limit ",
              givers("recv", "recv:error=EAGAIN", "EAGAIN"));
    EXPECT_EQ("datagram datagram-nosignal ", givers("send", "send:error=EMSGSIZE", "EMSGSIZE"));
}

TEST(ImpossibleErrors, DependOnTheArguments) {
    EXPECT_EQ("", givers("open", "open:error=EEXIST", "EEXIST"));
    EXPECT_EQ("create ", givers("open", "open:error=ENOSPC", "ENOSPC"));
    EXPECT_EQ("write create ", givers("open", "open:error=EROFS", "EROFS"));
    EXPECT_EQ("read write create ", givers("open", "open:error=EMFILE", "EMFILE"));
    EXPECT_EQ("hang ", givers("wait", "waitpid:interrupt", "EINTR"));
    EXPECT_EQ("waiting ", givers("epoll", "epoll_wait:interrupt", "EINTR"));
    EXPECT_EQ("attributes ", givers("create", "pthread_create:error=EPERM:when=2+", "EPERM"));
}

TEST(ImpossibleErrors, AreToldInTheLog) {
    const std::string log =
        testing::TempDir() + "/threadfault-objects-" + std::to_string(::getpid()) + ".log";
    SpawnOptions options = injecting({"read:error=EISDIR"});
    options.environment["THREADFAULT_LOG"] = log;
    Process process({OBJECTS_TARGET, "read"}, options);
    EXPECT_TRUE(process.wait());
    std::ifstream file(log);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NE(std::string::npos,
              text.find("skipped, only a directory gives EISDIR: read:error=EISDIR\n"))
        << text;
    // Once, not for each call.
    EXPECT_EQ(text.find("skipped"), text.rfind("skipped")) << text;
    ::unlink(log.c_str());
}

TEST(SignalsOfErrors, ComeAsFromTheKernel) {
    const std::string written = on_objects("write", "write:error=EPIPE");
    EXPECT_NE(std::string::npos, written.find("\npipe EPIPE SIGPIPE\n")) << written;
    EXPECT_NE(std::string::npos, written.find("\nstream EPIPE SIGPIPE\n")) << written;
    EXPECT_NE(std::string::npos, written.find("\ndatagram EPIPE\n")) << written;
    EXPECT_NE(std::string::npos, written.find("file 0\n")) << written;
    EXPECT_EQ(
        "stream EPIPE SIGPIPE\nstream-nosignal EPIPE\n"
        "datagram EPIPE\ndatagram-nosignal EPIPE\n",
        on_objects("send", "send:error=EPIPE"));
    EXPECT_EQ("file EFBIG SIGXFSZ", on_objects("write", "write:error=EFBIG").substr(0, 18));
    EXPECT_EQ("signal 13", on_objects("write", "write:error=EPIPE", {"default"}));
    EXPECT_EQ("signal 25", on_objects("write", "write:error=EFBIG", {"default"}));
}

TEST(InterruptedConnection, GoesOnInTheBackground) {
    EXPECT_EQ("connect EINTR\nthen connected\nblocking\nwrite 1\narrived 1\nagain EISCONN\n",
              on_objects("connect", "connect:interrupt:when=1"));
    // What a real signal leaves: pending, and told to whoever asks without waiting.
    EXPECT_EQ("connect EINTR\nagain EALREADY\nthen connected\n",
              on_objects("connect-full", "connect:interrupt:when=2"));
    EXPECT_EQ("rounds few\nat last connected\n", on_objects("connect-again", "connect:interrupt"));
}

TEST(InterruptedConnection, OfALocalSocketHasNotBegun) {
    EXPECT_EQ("connect EINTR\nagain 0\n", on_objects("connect-local", "connect:interrupt:when=1"));
}

}  // namespace
}  // namespace threadfault::test
