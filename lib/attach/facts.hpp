// What must be known of a process before a thread of it is touched.
#ifndef THREADFAULT_ATTACH_FACTS_HPP
#define THREADFAULT_ATTACH_FACTS_HPP

#include "attach/borrowed_thread.hpp"
#include "observe/process.hpp"

#include <cstdint>
#include <string>

namespace threadfault::attach {

struct Facts {
    Gadgets gadgets;
    // glibc's; 0 elsewhere (musl, Go, static programs without a symbol table).
    std::uint64_t pthread_exit = 0;
    std::uint32_t cancel_word = 0;      // where struct pthread has its cancellation state
    std::uint32_t descriptor_size = 0;  // of struct pthread, where arch::descriptor_at needs it
    bool filtered = false;              // by a seccomp filter of its own, which we may suspend
    std::string why_no_unwinding;       // "": exit, cancel and async-cancel are possible
};

// Reads from outside. Throws Error{not_permitted} or Error{no_agent} with what stands in the way:
// rights, a tracer, SIGSTOP, 32-bit code, a seccomp filter.
Facts learn(const observe::Process& process);

}  // namespace threadfault::attach

#endif  // THREADFAULT_ATTACH_FACTS_HPP
