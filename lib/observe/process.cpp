#include "observe/process.hpp"

#include "base/descriptor.hpp"
#include "observe/proc_file.hpp"
#include "threadfault/error.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iterator>
#include <thread>

namespace threadfault::observe {
namespace {

constexpr std::uint32_t kIoWorkerFlag = 0x10;  // PF_IO_WORKER, include/linux/sched.h
constexpr std::size_t kReadersFrom = 500;  // below that a second thread costs more than it saves
constexpr std::size_t kChunk = 64;
constexpr int kListAttempts = 8;

// "<tid>/<leaf>", relative to the task directory. No allocation: one for each of 10,000 threads.
class TaskPath {
public:
    TaskPath(pid_t tid, std::string_view leaf) noexcept {
        char* end = std::to_chars(text_.begin(), text_.begin() + 12, tid).ptr;
        *end++ = '/';
        end = std::copy(leaf.begin(), leaf.end(), end);
        *end = '\0';
    }
    const char* c_str() const noexcept { return text_.data(); }

private:
    std::array<char, 32> text_;
};

std::error_code system_code(int error) {
    return {error, std::system_category()};
}

Error no_such_process(pid_t pid, std::string hint = {}) {
    return Error(ErrorCode::no_such_process, "no process " + std::to_string(pid), std::move(hint));
}

Error not_permitted(pid_t pid, const char* what, int error) {
    return Error(
        ErrorCode::not_permitted,
        "not permitted to read " + std::string(what) + " of process " + std::to_string(pid), "",
        system_code(error));
}

bool means_gone(int error) noexcept {
    return error == ENOENT || error == ESRCH;
}

[[noreturn]] void throw_read_error(pid_t pid, const char* what, int error) {
    if (error == EACCES || error == EPERM) throw not_permitted(pid, what, error);
    throw Error(ErrorCode::cannot_read,
                "cannot read " + std::string(what) + " of process " + std::to_string(pid) + ": " +
                    std::generic_category().message(error),
                "", system_code(error));
}

// Parses the file `path` under the task directory; std::nullopt when the thread is gone.
template <typename Parse>
auto read_parsed(int task_fd, pid_t pid, const char* path, const char* what, Parse parse)
    -> decltype(parse(std::string_view())) {
    std::array<char, 4096> buffer;
    const ssize_t got = read_small_file(task_fd, path, buffer);
    int error = got < 0 ? static_cast<int>(-got) : 0;
    if (got >= 0 && static_cast<std::size_t>(got) < buffer.size())
        return parse(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    if (got >= 0) {
        // Hundreds of supplementary groups make a status longer than that.
        if (const auto text = read_whole_file(task_fd, path)) return parse(*text);
        error = errno;
    }
    if (means_gone(error)) return std::nullopt;
    throw_read_error(pid, what, error);
}

template <typename Parse>
auto read_task(int task_fd, pid_t pid, pid_t tid, const char* leaf, Parse parse)
    -> decltype(parse(std::string_view())) {
    if (tid <= 0) return std::nullopt;
    return read_parsed(task_fd, pid, TaskPath(tid, leaf).c_str(), leaf, parse);
}

bool two_processors() noexcept {
    cpu_set_t set;
    CPU_ZERO(&set);
    // A machine with more processors than the set holds certainly has two.
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return errno == EINVAL;
    return CPU_COUNT(&set) >= 2;
}

// Calls work(index) for 0 <= index < count, on two threads when that pays. Throws what work throws.
template <typename Work>
void for_each_index(std::size_t count, Work work) {
    std::atomic<std::size_t> next{0};
    auto drain = [&] {
        for (;;) {
            const std::size_t begin = next.fetch_add(kChunk, std::memory_order_relaxed);
            if (begin >= count) return;
            const std::size_t end = std::min(begin + kChunk, count);
            for (std::size_t i = begin; i < end; ++i)
                work(i);
        }
    };
    if (count <= kReadersFrom || !two_processors()) return drain();

    std::exception_ptr failure;
    std::thread reader;
    try {
        reader = std::thread([&] {
            try {
                drain();
            } catch (...) {
                failure = std::current_exception();
            }
        });
    } catch (const std::system_error&) {
        // No second thread could be created: this one does all the work.
    }
    try {
        drain();
    } catch (...) {
        if (reader.joinable()) reader.join();
        throw;
    }
    if (reader.joinable()) reader.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

double ticks_to_seconds(std::uint64_t ticks) noexcept {
    static const double per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
    return static_cast<double>(ticks) / per_second;
}

double boot_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::vector<pid_t> all_pids() {
    std::vector<pid_t> pids;
    if (!list_numbers(AT_FDCWD, "/proc", &pids)) {
        const int error = errno;
        const bool missing = error == ENOENT || error == ENOTDIR || error == 0;
        throw Error(ErrorCode::cannot_read,
                    missing ? "cannot list /proc"
                            : std::string("cannot list /proc: ") + std::strerror(error),
                    missing ? "is /proc mounted?" : "", system_code(error));
    }
    std::sort(pids.begin(), pids.end());
    return pids;
}

double TaskStat::cpu_seconds() const noexcept {
    return ticks_to_seconds(utime_ticks + stime_ticks);
}

bool TaskStat::is_kernel_worker() const noexcept {
    return (flags & kIoWorkerFlag) != 0;
}

Process::Process(pid_t pid) : pid_(pid) {
    if (pid <= 0) throw no_such_process(pid, "a process id is a positive number");
    const std::string path = "/proc/" + std::to_string(pid) + "/task";
    base::Descriptor task(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!task) {
        const int error = errno;
        if (!means_gone(error)) throw_read_error(pid, "the threads", error);
        // /proc mounted with hidepid=2 shows no trace of other users' processes.
        if (::kill(pid, 0) != 0 && errno == EPERM) throw not_permitted(pid, "/proc", EPERM);
        throw no_such_process(pid,
                              ::access("/proc/self/task", F_OK) != 0 ? "is /proc mounted?" : "");
    }
    // The kernel shows a directory for every thread under its own id, too.
    auto status = read_parsed(task.get(), pid, "../status", "status", parse_task_status);
    if (!status) throw no_such_process(pid);
    if (status->tgid != pid) {
        const std::string owner = std::to_string(status->tgid);
        throw no_such_process(pid, std::to_string(pid) + " is a thread of process " + owner);
    }
    opening_ = std::move(*status);
    task_fd_ = task.release();
}

Process::~Process() {
    if (task_fd_ >= 0) ::close(task_fd_);
}

Process::Process(Process&& other) noexcept
    : pid_(other.pid_),
      opening_(std::move(other.opening_)),
      task_fd_(std::exchange(other.task_fd_, -1)) {}

Process& Process::operator=(Process&& other) noexcept {
    if (this != &other) {
        if (task_fd_ >= 0) ::close(task_fd_);
        pid_ = other.pid_;
        opening_ = std::move(other.opening_);
        task_fd_ = std::exchange(other.task_fd_, -1);
    }
    return *this;
}

std::vector<pid_t> Process::tids() const {
    std::vector<pid_t> all;
    for (int attempt = 0; attempt < kListAttempts; ++attempt) {
        std::vector<pid_t> listed;
        if (!list_numbers(task_fd_, ".", &listed)) {
            const int error = errno;
            if (means_gone(error)) break;
            throw_read_error(pid_, "the threads", error);
        }
        std::sort(listed.begin(), listed.end());
        std::vector<pid_t> merged;
        std::set_union(all.begin(), all.end(), listed.begin(), listed.end(),
                       std::back_inserter(merged));
        all.swap(merged);
        // When the thread that the kernel has just listed ends, the listing stops there and goes on
        // at a position counted anew: living threads are left out. The directory's link count is
        // the number of threads + 2, so a listing with a hole is seen, and taken again.
        struct stat information {};
        if (::fstat(task_fd_, &information) != 0 || information.st_nlink < 2 ||
            listed.size() + 2 >= information.st_nlink)
            break;
    }
    return all;
}

std::optional<TaskStat> Process::stat(pid_t tid) const {
    return read_task(task_fd_, pid_, tid, "stat", parse_task_stat);
}

std::optional<TaskStatus> Process::status(pid_t tid) const {
    return read_task(task_fd_, pid_, tid, "status", parse_task_status);
}

std::optional<TaskSyscall> Process::syscall(pid_t tid) const {
    return read_task(task_fd_, pid_, tid, "syscall", parse_task_syscall);
}

std::optional<std::string> Process::name(pid_t tid) const {
    return read_task(task_fd_, pid_, tid, "comm",
                     [](std::string_view text) -> std::optional<std::string> {
                         if (text.ends_with('\n')) text.remove_suffix(1);
                         return std::string(text);
                     });
}

TaskStatus Process::process_status() const {
    const auto status = read_parsed(task_fd_, pid_, "../status", "status", parse_task_status);
    if (!status) throw no_such_process(pid_);
    return *status;
}

std::vector<TaskStat> Process::snapshot() const {
    const std::vector<pid_t> listed = tids();
    std::vector<std::optional<TaskStat>> read(listed.size());
    for_each_index(listed.size(), [&](std::size_t i) { read[i] = stat(listed[i]); });
    std::vector<TaskStat> living;
    living.reserve(read.size());
    for (auto& one : read)
        if (one && !one->is_dead() && !one->is_kernel_worker()) living.push_back(std::move(*one));
    return living;
}

std::vector<std::optional<TaskSyscall>> Process::syscalls(std::span<const pid_t> tids) const {
    std::vector<std::optional<TaskSyscall>> calls(tids.size());
    for_each_index(tids.size(), [&](std::size_t i) { calls[i] = syscall(tids[i]); });
    return calls;
}

bool Process::thread_ended(pid_t tid, std::uint64_t start_ticks) const {
    const auto now = stat(tid);
    if (!now || now->is_dead()) return true;
    return start_ticks != 0 && now->start_ticks != start_ticks;
}

pid_t Process::living_tid() const {
    // The leader is nearly always alive: one file instead of the whole list.
    if (!thread_ended(pid_)) return pid_;
    for (const pid_t tid : tids()) {
        const auto one = stat(tid);
        if (one && !one->is_dead() && !one->is_kernel_worker()) return tid;
    }
    return 0;
}

bool Process::alive() const {
    return living_tid() != 0;
}

std::string Process::command() const {
    const pid_t tid = living_tid();
    if (tid != 0) {
        // The leader's own file is empty once it is dead.
        if (auto text = read_whole_file(task_fd_, TaskPath(tid, "cmdline").c_str())) {
            while (!text->empty() && text->back() == '\0')
                text->pop_back();
            std::replace(text->begin(), text->end(), '\0', ' ');
            if (!text->empty()) return *text;
        }
    }
    const auto leader_name = name(pid_);
    std::string text = "[";
    if (leader_name) text += *leader_name;
    text += ']';
    return text;
}

std::string Process::living_task_path(std::string_view leaf) const {
    const pid_t tid = living_tid();
    std::string path = "/proc/" + std::to_string(pid_);
    if (tid != 0 && tid != pid_) path += "/task/" + std::to_string(tid);
    path += '/';
    path += leaf;
    return path;
}

std::string Process::root_path() const {
    return living_task_path("root");
}
std::string Process::exe_path() const {
    return living_task_path("exe");
}

}  // namespace threadfault::observe
