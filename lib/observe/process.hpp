// A process and its threads as /proc shows them. Reads only; the process notices nothing.
//
// Threads end while they are read: every per-thread call answers std::nullopt for a thread that is
// gone. Errors of the process as a whole are threadfault::Error (no_such_process, not_permitted).
#ifndef THREADFAULT_OBSERVE_PROCESS_HPP
#define THREADFAULT_OBSERVE_PROCESS_HPP

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::observe {

// /proc/<pid>/task/<tid>/stat, proc(5).
struct TaskStat {
    pid_t tid = 0;
    std::string name;         // may hold spaces and parentheses
    char state = '?';         // R S D T t Z X I
    std::uint32_t flags = 0;  // PF_*; PF_IO_WORKER marks io_uring's kernel workers
    std::uint64_t utime_ticks = 0;
    std::uint64_t stime_ticks = 0;
    std::uint64_t start_ticks = 0;  // since boot: with the tid it names one thread
    int processor = -1;             // where it ran last; -1: the kernel does not tell
    double cpu_seconds() const noexcept;
    bool is_kernel_worker() const noexcept;
    bool is_dead() const noexcept { return state == 'Z' || state == 'X' || state == 'x'; }
};

// The fields of /proc/<pid>/task/<tid>/status that we use. Bit N-1 of a mask is signal N.
struct TaskStatus {
    pid_t tid = 0;
    pid_t tgid = 0;
    pid_t parent = 0;           // PPid
    std::vector<pid_t> ns_pid;  // NSpid: outermost first
    uid_t real_uid = 0;
    uid_t effective_uid = 0;
    std::uint64_t blocked = 0;         // SigBlk
    std::uint64_t ignored = 0;         // SigIgn
    std::uint64_t caught = 0;          // SigCgt
    std::uint64_t pending = 0;         // SigPnd, of this thread
    std::uint64_t shared_pending = 0;  // ShdPnd, of the process
    std::uint64_t capabilities = 0;    // CapEff
    int seccomp = 0;                   // 0 none, 1 strict, 2 filter
    int seccomp_filters = 0;           // 0, too, where the kernel does not tell
    std::uint64_t voluntary_switches = 0;
    std::uint64_t involuntary_switches = 0;
    pid_t tracer = 0;
};

// /proc/<pid>/task/<tid>/syscall. `running`: on a CPU, so there is no system call to show.
struct TaskSyscall {
    bool running = false;
    long number = -1;  // -1 with running == false: blocked, but not in a system call
    std::uint64_t arguments[6] = {};
    std::uint64_t stack_pointer = 0;
    std::uint64_t instruction_pointer = 0;
};

// Pure parsers, for hostile input too: std::nullopt on anything malformed.
std::optional<TaskStat> parse_task_stat(std::string_view text);
std::optional<TaskStatus> parse_task_status(std::string_view text);
std::optional<TaskSyscall> parse_task_syscall(std::string_view text);

class Process {
public:
    // Throws Error{no_such_process} when no process has this pid (a tid of another process is not
    // a pid: the hint names the process that it belongs to).
    explicit Process(pid_t pid);
    ~Process();
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    pid_t pid() const noexcept { return pid_; }

    // The command line, NULs as spaces; the bracketed name for a process without one.
    std::string command() const;

    // Ascending; io_uring's kernel workers are left out only by snapshot(), which has read their
    // flags. Reads the directory alone.
    std::vector<pid_t> tids() const;

    std::optional<TaskStat> stat(pid_t tid) const;
    std::optional<TaskStatus> status(pid_t tid) const;
    // Throws Error{not_permitted} where the kernel's ptrace access check says no.
    std::optional<TaskSyscall> syscall(pid_t tid) const;

    // Of the whole process, from /proc/<pid>/status; works while the leader is a zombie.
    TaskStatus process_status() const;
    // The same as it was when this object was made: for what does not change in so short a time.
    const TaskStatus& status_at_opening() const noexcept { return opening_; }

    // stat of every living thread that is not a kernel worker, ascending tids. Uses up to two
    // reader threads when there are many.
    std::vector<TaskStat> snapshot() const;

    // syscall() of many threads, by the same readers: result[i] belongs to tids[i].
    std::vector<std::optional<TaskSyscall>> syscalls(std::span<const pid_t> tids) const;

    // True when the kernel no longer lists the thread or lists it as dead, or when the thread that
    // now has this tid started at another time (start_ticks != 0).
    bool thread_ended(pid_t tid, std::uint64_t start_ticks = 0) const;

    // False once the process is gone or only dead tasks are left.
    bool alive() const;

    // "/proc/<pid>/root" or, when the leader is dead, "/proc/<pid>/task/<a living tid>/root".
    std::string root_path() const;
    std::string exe_path() const;  // likewise for ".../exe"
    // Likewise for any other file of the process: living_task_path("maps"), ("map_files"), ...
    std::string living_task_path(std::string_view leaf) const;

    // The leader, or when it is dead another living thread that is the program's own; 0 when none
    // is left. process_vm_readv(2) and most of /proc fail for a dead leader's id.
    pid_t living_tid() const;

    // Every thread's name is unknown to others than the kernel: read of .../comm.
    std::optional<std::string> name(pid_t tid) const;

private:
    pid_t pid_;
    TaskStatus opening_;
    int task_fd_ = -1;  // /proc/<pid>/task: keeps naming this process even when the pid is reused
};

// Seconds since boot, on the clock of TaskStat::start_ticks (CLOCK_BOOTTIME).
double boot_seconds();
double ticks_to_seconds(std::uint64_t ticks) noexcept;

// All process ids in /proc, ascending.
std::vector<pid_t> all_pids();

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_PROCESS_HPP
