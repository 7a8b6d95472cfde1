// Real programs that nobody asks for anything are idle: their threads wait for each other in ways
// of their own, and not one of these is a deadlock.
#include "support/line_client.hpp"
#include "support/proc.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>

namespace threadfault::test {
namespace {

using Command = std::vector<std::string>;

class AtRest : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/at_rest_XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        directory_ = name;
    }
    void TearDown() override {
        process_.reset();
        std::filesystem::remove_all(directory_);
    }

    // Another program may take the port first: then the next is tried.
    void serve(const std::function<Command(int)>& command) {
        for (int attempt = 0; attempt < 5; ++attempt) {
            const int port = free_tcp_port();
            start(command(port));
            const bool listens =
                eventually([&] { return !process_->running() || LineClient(port).connected(); });
            if (listens && process_->running()) return;
        }
        FAIL() << process_->errors();
    }

    void start(const Command& command) {
        process_ = std::make_unique<Process>(command, SpawnOptions{.directory = directory_});
    }

    bool has_threads(std::size_t count) {
        return eventually([&] { return tasks(process_->pid()).size() >= count; });
    }

    // Starting up may take a while on a busy machine; what is at rest stays so.
    void expect_idle() {
        const std::string pid = std::to_string(process_->pid());
        const auto watch = [&] {
            CliResult result = run_cli({"--json", "watch", pid, "--for", "2s"});
            EXPECT_NE(result.text("verdict"), "stuck") << result;
            return result;
        };
        CliResult result;
        eventually([&] {
            result = watch();
            return result.text("verdict") == "idle" || HasFailure();
        });
        EXPECT_EQ(result.text("verdict"), "idle") << result;
        const CliResult locks = run_cli({"--json", "locks", pid});
        ASSERT_EQ(locks.exit_code, 0) << locks;
        EXPECT_TRUE(locks.json.at("cycles").empty()) << locks;
        for (const auto& lock : locks.json.at("locks"))
            EXPECT_FALSE(lock.at("orphaned")) << locks;
    }

    std::string directory_;
    std::unique_ptr<Process> process_;
};

TEST_F(AtRest, Memcached) {
    if (!installed("memcached")) GTEST_SKIP() << "memcached is not installed";
    serve([](int port) {
        Command command{"memcached", "-t", "4", "-l", "127.0.0.1", "-p", std::to_string(port)};
        if (geteuid() == 0) command.insert(command.end(), {"-u", "nobody"});
        return command;
    });
    ASSERT_TRUE(has_threads(6));
    expect_idle();
}

TEST_F(AtRest, Redis) {
    if (!installed("redis-server")) GTEST_SKIP() << "redis-server is not installed";
    serve([](int port) {
        return Command{"redis-server", "--port", std::to_string(port), "--bind", "127.0.0.1",
                       "--save",       "",       "--io-threads",       "4"};
    });
    ASSERT_TRUE(has_threads(7));
    expect_idle();
}

TEST_F(AtRest, Nginx) {
    if (!installed("nginx")) GTEST_SKIP() << "nginx is not installed";
    serve([this](int port) {
        std::ofstream(directory_ + "/nginx.conf")
            << "daemon off; master_process off; pid " << directory_ << "/pid; error_log stderr;\n"
            << "thread_pool default threads=4;\nevents {}\nhttp { aio threads; access_log off;\n"
            << "server { listen 127.0.0.1:" << port << "; root " << directory_ << "; } }\n";
        return Command{"nginx", "-p", directory_, "-c", directory_ + "/nginx.conf"};
    });
    ASSERT_TRUE(has_threads(5)) << process_->errors();
    expect_idle();
}

TEST_F(AtRest, Python) {
    if (!std::filesystem::exists("/usr/bin/python3")) GTEST_SKIP() << "python3 is not installed";
    start({"/usr/bin/python3", "-c", R"(
import queue, sys, threading, time
q = queue.Queue()
for work in [q.get] * 3 + [lambda: time.sleep(3600)] * 2:
    threading.Thread(target=work, daemon=True).start()
sys.stdin.read()
)"});
    ASSERT_TRUE(has_threads(6)) << process_->errors();
    expect_idle();
}

TEST_F(AtRest, Node) {
    if (!installed("node")) GTEST_SKIP() << "node is not installed";
    start({"node", "-e", "process.stdin.resume(); console.log('ready')"});
    ASSERT_EQ(process_->read_until("ready"), "ready") << process_->errors();
    ASSERT_TRUE(has_threads(4));
    expect_idle();
}

TEST_F(AtRest, Java) {
    if (!installed("java")) GTEST_SKIP() << "java is not installed";
    std::ofstream(directory_ + "/Rest.java") << R"(
import java.util.concurrent.*;
class Rest {
    public static void main(String[] arguments) throws Exception {
        LinkedBlockingQueue<Object> queue = new LinkedBlockingQueue<>();
        for (int i = 0; i < 4; i++) {
            Thread worker = new Thread(() -> {
                try { queue.take(); } catch (InterruptedException e) { }
            });
            worker.setDaemon(true);
            worker.start();
        }
        System.out.println("ready");
        System.in.read();
    }
}
)";
    // In source mode: only a JRE is installed where this fails.
    start({"java", "-Xmx64m", "Rest.java"});
    if (process_->read_until("ready", 2 * kPatience) != "ready")
        GTEST_SKIP() << "java does not run source files here: " << process_->errors();
    expect_idle();
}

}  // namespace
}  // namespace threadfault::test
