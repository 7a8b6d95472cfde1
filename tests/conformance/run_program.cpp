#include "run_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <stdexcept>

namespace {

std::int64_t now_ms() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

[[noreturn]] void become(const std::vector<std::string>& command, const std::string& preload,
                         int out, int err) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(open("/dev/null", O_RDONLY), 0);
    dup2(out, 1);
    dup2(err, 2);
    close_range(3, ~0U, 0);
    std::vector<std::string> words{"PATH=/usr/bin:/bin", "HOME=/", "LANG=C.UTF-8", "MARK=x y"};
    if (!preload.empty()) words.insert(words.begin() + 2, "LD_PRELOAD=" + preload);
    std::vector<char*> environment;
    for (auto& word : words)
        environment.push_back(word.data());
    environment.push_back(nullptr);
    std::vector<char*> arguments;
    for (const auto& word : command)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execve(arguments[0], arguments.data(), environment.data());
    _exit(127);
}

}  // namespace

Shown run_program(const std::vector<std::string>& command, const std::string& preload) {
    std::array<int, 2> out{};
    std::array<int, 2> err{};
    if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("pipe2");
    }
    const pid_t pid = fork();
    if (pid == 0) become(command, preload, out[1], err[1]);
    close(out[1]);
    close(err[1]);

    Shown shown;
    const std::int64_t deadline = now_ms() + 60'000;
    std::array<pollfd, 2> fds{{{out[0], POLLIN, 0}, {err[0], POLLIN, 0}}};
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        const std::int64_t left = deadline - now_ms();
        if (left <= 0) {
            shown.timed_out = true;
            break;
        }
        poll(fds.data(), fds.size(), static_cast<int>(left));
        for (auto& fd : fds) {
            if (fd.fd < 0 || fd.revents == 0) continue;
            std::array<char, 4096> buffer{};
            const ssize_t got = read(fd.fd, buffer.data(), buffer.size());
            if (got <= 0) {
                fd.fd = -1;
                continue;
            }
            (&fd == &fds[0] ? shown.output : shown.errors)
                .append(buffer.data(), static_cast<std::size_t>(got));
        }
    }
    if (shown.timed_out) kill(-pid, SIGKILL);
    waitpid(pid, &shown.wait_status, 0);
    kill(-pid, SIGKILL);  // whatever it left behind in its group
    close(out[0]);
    close(err[0]);
    return shown;
}
