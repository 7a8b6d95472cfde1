#include "drive/programs/attach.hpp"

#include "base/spawn.hpp"
#include "client/connection.hpp"
#include "drive/programs/find_helper.hpp"
#include "format/format.hpp"
#include "observe/attach_region.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <sstream>

namespace threadfault::drive {
namespace {

constexpr char kGuardian[] = "threadfault-attach";

// All that it says before it serves, or ends.
std::string answer_of(int descriptor) {
    std::string text;
    std::array<char, 1024> part{};
    for (;;) {
        const ssize_t length = read(descriptor, part.data(), part.size());
        if (length > 0) text.append(part.data(), static_cast<std::size_t>(length));
        if (length == 0 || (length < 0 && errno != EINTR)) return text;
    }
}

[[noreturn]] void fail(const observe::Process& process, const std::string& answer) {
    std::istringstream lines(answer);
    std::string word;
    int code = static_cast<int>(ErrorCode::internal);
    std::string message;
    std::string advice;
    lines >> word >> code;
    std::getline(lines >> std::ws, message);
    std::getline(lines, advice);
    if (word != "error") {
        throw Error(ErrorCode::internal,
                    formatted("the guardian for process {} ended without a word", process.pid()));
    }
    throw Error(static_cast<ErrorCode>(code), message,
                ErrorFacts{.advice = advice, .pid = process.pid()});
}

}  // namespace

void attach(const observe::Process& process, const AttachOptions& options) {
    const std::string file = find_helper(kGuardian);
    std::vector<std::string> arguments = {kGuardian, std::to_string(process.pid())};
    if (options.time) {
        arguments.emplace_back("--for");
        arguments.push_back(std::to_string(options.time->count()));
    }
    if (options.until_idle) arguments.emplace_back("--until-idle");
    if (options.until_deserted) arguments.emplace_back("--until-deserted");
    base::Pipe pipe;
    if (!pipe.open()) {
        throw Error(ErrorCode::internal, "can't make a pipe", "",
                    std::error_code(errno, std::system_category()));
    }
    pid_t child = 0;
    base::SpawnOptions spawning;
    spawning.streams = {base::SpawnOptions::kNull, pipe.write.get(), base::SpawnOptions::kNull};
    spawning.directory = "/";
    spawning.signals = base::SpawnOptions::Signals::clear;
    spawning.family = base::SpawnOptions::Family::own_session;
    if (const int error = base::spawn(file, arguments, spawning, &child); error != 0) {
        throw Error(ErrorCode::no_helper, formatted("{} can't be started", file), "",
                    std::error_code(error, std::system_category()));
    }
    pipe.write.reset();
    base::reap(child);  // the guardian is a child of this one
    const std::string answer = answer_of(pipe.read.get());
    if (answer != "attached\n") fail(process, answer);
}

void detach(const observe::Process& process, std::chrono::nanoseconds wait) {
    using namespace std::chrono_literals;
    pid_t guardian = 0;
    std::optional<client::Connection> connection;
    try {
        connection.emplace(process);
        guardian = connection->guardian();
    } catch (const Error& error) {
        if (!client::means_no_answer(error.error_code())) throw;
    }
    if (guardian == 0) {
        throw Error(ErrorCode::no_agent, formatted("process {} is not attached to", process.pid()),
                    "`threadfault attach PID` attaches; a program under `threadfault run` has its "
                    "agent for as long as it runs");
    }
    connection->hello();
    kill(guardian, SIGTERM);
    const auto deadline = client::Clock::now() + wait;
    while (!connection->hung_up(50ms)) {
        if (client::Clock::now() < deadline) continue;
        throw Error(ErrorCode::agent_silent,
                    formatted("a thread of process {} can't be let go yet; the guardian (process "
                              "{}) goes on trying",
                              process.pid(), guardian));
    }
}

bool has_been_attached(const observe::Process& process) {
    try {
        return observe::find_attach_region(process).has_value();
    } catch (const Error&) {
        return false;
    }
}

}  // namespace threadfault::drive
