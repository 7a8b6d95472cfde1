// The process that libthread_db looks at.
#ifndef THREADFAULT_CLI_PROGRAMS_THREADS_PROC_SERVICE_HPP
#define THREADFAULT_CLI_PROGRAMS_THREADS_PROC_SERVICE_HPP

#include "observe/memory.hpp"
#include "observe/process.hpp"
#include "observe/symbols.hpp"

extern "C" {
#include <proc_service.h>
#include <thread_db.h>
}

#include <cstdint>
#include <optional>
#include <string_view>

// The name and its place outside of any namespace are libthread_db's.
struct ps_prochandle {
public:
    explicit ps_prochandle(const threadfault::observe::Process& process)
        : memory_(process.pid()), symbols_(process), inner_pid_(process.pid()) {
        const auto& numbers = process.status_at_opening().ns_pid;
        if (!numbers.empty()) inner_pid_ = numbers.back();
    }
    // In `module`, else in libc.
    std::optional<std::uint64_t> address_of(std::string_view module, std::string_view name);
    bool read(std::uint64_t address, void* buffer, std::size_t length);
    void allow_reads(std::size_t count) noexcept { reads_left_ = count; }
    // As the process itself has it: thread ids in its memory are of its own pid namespace.
    pid_t inner_pid() const noexcept { return inner_pid_; }

private:
    threadfault::observe::Memory memory_;
    threadfault::observe::Symbols symbols_;
    pid_t inner_pid_;
    std::size_t reads_left_ = 0;
};

#endif  // THREADFAULT_CLI_PROGRAMS_THREADS_PROC_SERVICE_HPP
