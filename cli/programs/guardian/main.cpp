// The parent of a launched target. It outlives the test program by as long as it takes to end the
// target and all that the target has started: as the subreaper it gets every orphan of the tree.
#include "harness/guardian_protocol.hpp"
#include "harness/process_tree.hpp"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <vector>

namespace {

using threadfault::guardian::Kind;
using threadfault::guardian::Message;
using threadfault::target::descendants_of;
using threadfault::target::ProcessEntry;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLookAgain{20};

class Guardian {
public:
    Guardian(int lifeline, pid_t parent, milliseconds grace, const char* scratch)
        : lifeline_(lifeline), grace_(grace), scratch_(scratch) {
        fcntl(lifeline_, F_SETFD, FD_CLOEXEC);
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, nullptr);
        sigset_t child;
        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        children_ = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
        // A fork of the test program may hold the lifeline open: its end is watched as well.
        parent_ = static_cast<int>(syscall(SYS_pidfd_open, parent, 0));
        if (parent_ < 0 || getppid() != parent) test_program_gone_ = true;
    }

    // 0: the target runs; else what the guardian ends with.
    int start(const char* directory, const char* file, char** command);
    int run();
    void clear_up();

private:
    void say(Kind kind, std::int32_t value = 0) const {
        const Message message{kind, value};
        send(lifeline_, &message, sizeof message, MSG_NOSIGNAL);
    }
    bool hear(Message* message) const {
        ssize_t length = 0;
        do {
            length = recv(lifeline_, message, sizeof *message, 0);
        } while (length < 0 && errno == EINTR);
        return length == static_cast<ssize_t>(sizeof *message);
    }
    bool make_scratch() const;
    void let_go_of_descriptors() const;
    void wait_for_change(int timeout_ms);
    bool reap();
    void end_all();

    int lifeline_;
    milliseconds grace_;
    const char* scratch_;
    int children_ = -1;
    int parent_ = -1;
    bool test_program_gone_ = false;
    bool told_to_end_ = false;
    pid_t target_ = 0;
};

// What failed in the child before it became the program.
struct Failure {
    Kind kind{};
    int error = 0;
};

[[noreturn]] void become(int go, int result, const char* directory, const char* file,
                         char** command) {
    setpgid(0, 0);
    char byte = 0;
    if (read(go, &byte, 1) != 1) _exit(127);
    Failure failure{Kind::no_place, 0};
    if (*directory == '\0' || chdir(directory) == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
        execve(file, command, environ);
        failure.kind = Kind::failed;
    }
    failure.error = errno;
    if (write(result, &failure, sizeof failure) < 0) _exit(126);
    _exit(127);
}

// By whom it is removed: so nothing is left behind if the test program is killed meanwhile. One
// that is there already must be ours.
bool Guardian::make_scratch() const {
    if (*scratch_ == '\0') return true;
    // Targets that drop root's privileges must still be able to reach their files in it.
    constexpr mode_t kMode = 0711;
    if (mkdir(scratch_, kMode) == 0) return chmod(scratch_, kMode) == 0;
    struct stat there {};
    if (errno != EEXIST || lstat(scratch_, &there) != 0) return false;
    errno = EEXIST;
    return S_ISDIR(there.st_mode) && there.st_uid == geteuid();
}

int Guardian::start(const char* directory, const char* file, char** command) {
    if (!make_scratch()) {
        say(Kind::no_scratch, errno);
        scratch_ = "";
        return 1;
    }
    int go[2];
    int result[2];
    if (pipe2(go, O_CLOEXEC) != 0 || pipe2(result, O_CLOEXEC) != 0) {
        say(Kind::failed, errno);
        return 1;
    }
    target_ = fork();
    if (target_ < 0) {
        say(Kind::failed, errno);
        return 1;
    }
    if (target_ == 0) {
        close(go[1]);
        become(go[0], result[1], directory, file, command);
    }
    // A group of its own: a target that signals its group does not mean us.
    setpgid(target_, target_);
    close(go[0]);
    close(result[1]);
    say(Kind::created, target_);
    Message answer;
    if (!hear(&answer) || answer.kind != Kind::go) {
        test_program_gone_ = true;
        // The child reads the end of the pipe, and ends.
        close(go[1]);
        waitpid(target_, nullptr, 0);
        return 1;
    }
    const char byte = 1;
    const bool let_go = write(go[1], &byte, 1) == 1;
    close(go[1]);
    Failure failure{Kind::failed, EPIPE};
    if (!let_go || read(result[0], &failure, sizeof failure) == sizeof failure) {
        waitpid(target_, nullptr, 0);
        say(failure.kind, failure.error);
        return 1;
    }
    close(result[0]);
    let_go_of_descriptors();
    say(Kind::running);
    return 0;
}

// The target's ends of pipes are the target's alone, and so is whatever the test program left open.
void Guardian::let_go_of_descriptors() const {
    std::vector<int> kept = {lifeline_, children_, parent_};
    std::sort(kept.begin(), kept.end());
    unsigned next = 0;
    for (const int fd : kept) {
        if (fd < 0) continue;
        if (static_cast<unsigned>(fd) > next) {
            syscall(SYS_close_range, next, static_cast<unsigned>(fd) - 1, 0);
        }
        next = static_cast<unsigned>(fd) + 1;
    }
    syscall(SYS_close_range, next, ~0U, 0);
}

void Guardian::wait_for_change(int timeout_ms) {
    pollfd fds[] = {{children_, POLLIN, 0},
                    {test_program_gone_ ? -1 : parent_, POLLIN, 0},
                    {test_program_gone_ ? -1 : lifeline_, POLLIN, 0}};
    poll(fds, 3, timeout_ms);
    signalfd_siginfo ignored;
    while (read(children_, &ignored, sizeof ignored) > 0) {
    }
    if (fds[1].revents != 0) test_program_gone_ = true;
    if (fds[2].revents != 0) {
        Message message;
        if (!hear(&message)) {
            test_program_gone_ = true;
        } else if (message.kind == Kind::end) {
            told_to_end_ = true;
        }
    }
}

// False: there are no children left.
bool Guardian::reap() {
    while (true) {
        int status = 0;
        const pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid == 0) return true;
        if (pid < 0) return false;
        if (pid == target_) say(Kind::exited, status);
    }
}

// Not by the pid alone, which may be another process's by now.
bool send_signal(const ProcessEntry& process, int signal) {
    const int fd = static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0));
    if (fd < 0) return false;
    const auto now = threadfault::target::read_process(process.pid);
    const bool same = now && (now->parent == process.parent || now->parent == getpid());
    const bool sent = same && syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0) == 0;
    close(fd);
    return sent;
}

void Guardian::end_all() {
    const auto deadline = Clock::now() + grace_;
    std::set<pid_t> told;
    while (Clock::now() < deadline) {
        if (!reap()) return;
        for (const ProcessEntry& process : descendants_of(getpid())) {
            if (!told.insert(process.pid).second) continue;
            // A stopped process takes the signal when it goes on.
            if (send_signal(process, SIGTERM)) send_signal(process, SIGCONT);
        }
        wait_for_change(static_cast<int>(kLookAgain.count()));
    }
    const pid_t own_group = getpgrp();
    for (milliseconds pause = kLookAgain; reap(); pause = std::min(2 * pause, milliseconds(1000))) {
        for (const ProcessEntry& process : descendants_of(getpid())) {
            // A group is signalled at one stroke: a process that forks and ends again and again is
            // always elsewhere when it is looked for.
            if (process.group > 1 && process.group != own_group) kill(-process.group, SIGKILL);
            send_signal(process, SIGKILL);
        }
        wait_for_change(static_cast<int>(pause.count()));
    }
}

int remove_entry(const char* path, const struct stat*, int, struct FTW*) {
    remove(path);
    return 0;
}

// The test program may want what is in it until it goes.
void Guardian::clear_up() {
    if (*scratch_ == '\0') return;
    while (!test_program_gone_)
        wait_for_change(-1);
    constexpr int kDescriptors = 16;
    nftw(scratch_, remove_entry, kDescriptors, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

int Guardian::run() {
    bool children = true;
    while (children && !test_program_gone_ && !told_to_end_) {
        children = reap();
        if (children) wait_for_change(-1);
    }
    if (children) end_all();
    say(Kind::all_gone);
    clear_up();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    using namespace threadfault::guardian;
    if (argc <= kCommand) return 2;
    Guardian guardian(std::atoi(argv[kFd]), std::atoi(argv[kParent]),
                      milliseconds(std::atoll(argv[kGrace])), argv[kScratch]);
    const int failed = guardian.start(argv[kDirectory], argv[kFile], argv + kCommand);
    if (failed == 0) return guardian.run();
    guardian.clear_up();
    return failed;
}
