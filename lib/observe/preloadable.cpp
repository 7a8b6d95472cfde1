#include "observe/preloadable.hpp"

#include "arch/machine.hpp"
#include "base/descriptor.hpp"
#include "format/format.hpp"
#include "observe/elf_file.hpp"
#include "observe/maps.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace threadfault::observe {

namespace {

constexpr int kMostInterpreters = 4;  // of scripts whose interpreter is a script (execve(2))
constexpr std::size_t kLongestShebang = 256;

bool is_regular_executable(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           access(path.c_str(), X_OK) == 0;
}

// A file below a directory that may not be searched is there, for all that is known.
bool is_missing(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) != 0 && errno != EACCES;
}

// As execvp(3) looks: a name without a slash in PATH, one by one; what exists but can't be executed
// is remembered, in case nothing better comes.
struct Found {
    std::string path;
    bool executable = false;
};

Found find_program(const std::string& program) {
    if (program.empty()) return {};
    if (program.find('/') != std::string::npos) {
        return {program, is_regular_executable(program)};
    }
    const char* const variable = getenv("PATH");
    std::string_view rest = variable != nullptr ? variable : "/bin:/usr/bin";
    Found second_best;
    for (;;) {
        const std::size_t end = std::min(rest.find(':'), rest.size());
        const std::string directory(rest.substr(0, end));
        std::string path = (directory.empty() ? "." : directory) + "/" + program;
        if (is_regular_executable(path)) return {std::move(path), true};
        if (access(path.c_str(), F_OK) == 0 && second_best.path.empty()) {
            second_best.path = std::move(path);
        }
        if (end == rest.size()) return second_best;
        rest.remove_prefix(end + 1);
    }
}

ProgramCheck verdict(Preloadable what, std::string path, std::string reason) {
    ProgramCheck check;
    check.verdict = what;
    check.path = std::move(path);
    check.reason = std::move(reason);
    return check;
}

// Would execve start it in secure mode (ld.so(8)), in which LD_PRELOAD is ignored? "": no.
// By path: such programs are often made unreadable, and then can't be opened.
std::string raised_privileges(const std::string& path) {
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) return {};
    struct statvfs mount {};
    if (statvfs(path.c_str(), &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0) return {};
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return {};
    if ((status.st_mode & S_ISUID) != 0 && status.st_uid != getuid()) return "set-user-ID";
    const mode_t set_group = S_ISGID | S_IXGRP;
    if ((status.st_mode & set_group) == set_group && status.st_gid != getgid()) {
        return "set-group-ID";
    }
    if (getuid() != 0 && getxattr(path.c_str(), "security.capability", nullptr, 0) > 0) {
        return "given file capabilities";
    }
    return {};
}

// The interpreter of a #! script; "" when the file is none.
std::string shebang_of(int file) {
    char line[kLongestShebang];
    const ssize_t got = pread(file, line, sizeof line, 0);
    if (got < 3 || line[0] != '#' || line[1] != '!') return {};
    std::string_view text(line + 2, static_cast<std::size_t>(got) - 2);
    text = text.substr(0, text.find('\n'));
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    text.remove_prefix(begin);
    return std::string(text.substr(0, text.find_first_of(" \t")));
}

bool is_glibc_loader(const std::string& interpreter) {
    const std::string_view name = file_name(interpreter);
    return name.starts_with("ld-linux") || name.starts_with("ld-2.");
}

ProgramCheck check_elf(const std::string& path, const ElfFile& file) {
    const auto header = file.header();
    if (!header || header->e_machine != arch::kElfMachine ||
        header->e_ident[EI_CLASS] != ELFCLASS64) {
        return verdict(Preloadable::other_machine, path,
                       path + " is built for another architecture or word size than the shim");
    }
    const std::optional<std::string> interpreter = file.interpreter();
    if (!interpreter) {
        return verdict(Preloadable::static_program, path,
                       path +
                           " is statically linked: the dynamic loader, which would load the "
                           "shim, never runs");
    }
    if (!is_glibc_loader(*interpreter)) {
        return verdict(
            Preloadable::other_libc, path,
            formatted("{} uses {}, not glibc: the shim requires glibc", path, *interpreter));
    }
    ProgramCheck check;
    check.path = path;
    for (const std::string& library : file.needed()) {
        // ASan's runtime insists on being the first library; the others don't.
        if (library.starts_with("libasan.so")) check.sanitizer_runtimes.push_back(library);
    }
    return check;
}

// `script`: the one whose first line names `path`; "" when the user named it.
ProgramCheck check_unexecutable(const std::string& path, const std::string& script) {
    if (is_missing(path)) {
        return verdict(Preloadable::not_found, path,
                       formatted("{}: its interpreter {} does not exist", script, path));
    }
    struct stat status {};
    (void)stat(path.c_str(), &status);
    return verdict(Preloadable::not_executable, path,
                   path + (S_ISDIR(status.st_mode) ? " is a directory"
                                                   : " may not be executed: chmod +x allows it"));
}

}  // namespace

ProgramCheck check_program(const std::string& program) {
    const Found found = find_program(program);
    if (found.path.empty() || (!found.executable && is_missing(found.path))) {
        return verdict(Preloadable::not_found, program,
                       formatted("{}: {}", program,
                                 program.find('/') == std::string::npos ? "no such program in PATH"
                                                                        : "no such file"));
    }
    std::string path = found.path;
    std::string script;
    const auto with_script = [&](ProgramCheck check) {
        check.interpreter_script = script;
        return check;
    };
    for (int depth = 0; depth <= kMostInterpreters; ++depth) {
        const bool executable = depth == 0 ? found.executable : is_regular_executable(path);
        if (!executable) return with_script(check_unexecutable(path, script));
        base::Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
        const std::string interpreter = file ? shebang_of(file.get()) : std::string();
        if (!interpreter.empty()) {
            if (script.empty()) script = path;
            path = interpreter;
            continue;
        }
        const std::string raised = raised_privileges(path);
        if (!raised.empty()) {
            return with_script(
                verdict(Preloadable::setuid, path,
                        formatted("{} is {}: the loader ignores LD_PRELOAD for it", path, raised)));
        }
        // A program may be executable and yet unreadable: then nothing can be said against it.
        if (!file) return with_script(verdict(Preloadable::yes, path, {}));
        if (const auto elf = ElfFile::read(std::move(file))) {
            return with_script(check_elf(path, *elf));
        }
        return with_script(verdict(Preloadable::not_elf, path,
                                   path + " is neither an ELF program nor a #! script"));
    }
    return with_script(verdict(Preloadable::not_executable, path,
                               found.path + ": too many nested script interpreters"));
}

}  // namespace threadfault::observe
