// Can a program take an LD_PRELOAD library? Looks at the file; runs nothing.
#ifndef THREADFAULT_OBSERVE_PRELOADABLE_HPP
#define THREADFAULT_OBSERVE_PRELOADABLE_HPP

#include <string>
#include <vector>

namespace threadfault::observe {

enum class Preloadable {
    yes,
    not_found,       // exit 127
    not_executable,  // exit 126
    static_program,  // no PT_INTERP: ld.so never runs
    setuid,          // AT_SECURE strips LD_PRELOAD: set-user-ID, set-group-ID or file capabilities
    other_libc,      // the interpreter is not glibc's (musl, bionic)
    other_machine,   // another architecture or word size
    not_elf,         // neither ELF nor a #! script
};

struct ProgramCheck {
    Preloadable verdict = Preloadable::yes;
    std::string path;                // the file that execve would load
    std::string reason;              // one sentence, for a person; "" for yes
    std::string interpreter_script;  // for #! scripts: the script; `path` is its interpreter
    std::vector<std::string> sanitizer_runtimes;  // DT_NEEDED libasan.so.N and the like, that must
                                                  // be preloaded before the shim
};

// `program` is looked up in PATH as execvp(3) does when it has no slash.
ProgramCheck check_program(const std::string& program);

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_PRELOADABLE_HPP
