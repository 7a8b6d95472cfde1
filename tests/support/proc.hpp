// What the kernel says about a process, read without any of threadfault's own code.
#ifndef THREADFAULT_TESTS_SUPPORT_PROC_HPP
#define THREADFAULT_TESTS_SUPPORT_PROC_HPP

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace threadfault::test {

// The tids in /proc/<pid>/task, empty when the process is gone.
std::vector<pid_t> tasks(pid_t pid);
// /proc/<pid>/task/<tid>/comm, "" when the thread is gone.
std::string task_name(pid_t pid, pid_t tid);
// The first thread of that name.
std::optional<pid_t> task_named(pid_t pid, const std::string& name);
bool task_exists(pid_t pid, pid_t tid);
// The state letter of /proc/<pid>/task/<tid>/stat, 0 when the thread is gone.
char task_state(pid_t pid, pid_t tid);
// A line of /proc/<pid>/status such as "VmRSS", in KiB for those that have a unit; -1: no such
// line.
long status_number(pid_t pid, const std::string& key);

// A port that nothing listens on at this moment, on 127.0.0.1.
int free_tcp_port();

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_SUPPORT_PROC_HPP
