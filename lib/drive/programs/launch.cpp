#include "drive/programs/launch.hpp"

#include "arch/machine.hpp"
#include "base/descriptor.hpp"
#include "base/spawn.hpp"
#include "format/format.hpp"
#include "observe/preloadable.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace threadfault::drive {
namespace {

using observe::Preloadable;

std::string hint_for(Preloadable verdict) {
    switch (verdict) {
        case Preloadable::static_program:
            return "link the program dynamically (without -static)";
        case Preloadable::setuid:
            return "run a copy without the set-user-ID bit or capabilities, as the user that it "
                   "would become";
        case Preloadable::other_libc:
            return "the shim needs a program that is linked with glibc";
        case Preloadable::other_machine:
            return formatted("the shim is built for {}", arch::kName);
        default:
            return "";
    }
}

[[noreturn]] void refuse(const std::string& program, const observe::ProgramCheck& check) {
    switch (check.verdict) {
        case Preloadable::not_found:
            throw CannotStart(ErrorCode::not_found, formatted("{}: not found", program),
                              program.find('/') == std::string::npos
                                  ? "it is not in any directory of PATH"
                                  : "no such file");
        case Preloadable::not_executable:
            throw CannotStart(ErrorCode::not_executable, formatted("{}: not executable", program),
                              check.reason);
        case Preloadable::not_elf:
            throw CannotStart(ErrorCode::not_executable,
                              formatted("{}: neither a program nor a script", program),
                              "a script begins with a line like #!/bin/sh");
        default:
            break;
    }
    const std::string what = check.interpreter_script.empty()
                                 ? program
                                 : formatted("{} (run by {})", program, check.path);
    throw Error(ErrorCode::cannot_preload,
                formatted("the shim can't be loaded into {}: {}", what, check.reason),
                hint_for(check.verdict));
}

std::string absolute_path(const std::string& path) {
    if (path.empty() || path.front() == '/') return path;
    const std::unique_ptr<char, decltype(&free)> here(getcwd(nullptr, 0), &free);
    return here ? formatted("{}/{}", here.get(), path) : path;
}

}  // namespace

std::string preload_value(const std::vector<std::string>& runtimes, const std::string& shim,
                          const char* user_preload) {
    std::string value;
    for (const std::string& runtime : runtimes)
        value += runtime + ":";
    value += shim;
    // What the user preloads is kept in its order; a shim that is in there already, because this
    // command runs under threadfault itself, is not loaded twice.
    std::string_view rest = user_preload != nullptr ? user_preload : "";
    while (!rest.empty()) {
        const std::size_t length = std::min(rest.find_first_of(": "), rest.size());
        const std::string_view entry = rest.substr(0, length);
        if (!entry.empty() && entry != shim) {
            value += ':';
            value += entry;
        }
        rest.remove_prefix(std::min(length + 1, rest.size()));
    }
    return value;
}

namespace {

// preload/base/log.cpp keeps that much of the name.
constexpr std::size_t kLongestLogName = 255;

// The shim can tell nobody that it can't write: found out beforehand.
std::string usable_log(const std::string& name) {
    std::string path = absolute_path(name);
    if (path.size() > kLongestLogName) {
        throw Error(ErrorCode::usage, formatted("--log {}: the name has {} bytes; the limit is {}",
                                                path, path.size(), kLongestLogName));
    }
    const base::Descriptor file(
        open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!file) {
        throw Error(ErrorCode::not_written,
                    formatted("can't write the log {}: {}", path, strerror(errno)),
                    "choose another file for --log");
    }
    return path;
}

}  // namespace

Launch prepare_launch(const LaunchOptions& options) {
    const std::string& program = options.command.front();
    const observe::ProgramCheck check = observe::check_program(program);
    if (check.verdict != Preloadable::yes) refuse(program, check);

    Launch launch;
    launch.file = check.interpreter_script.empty() ? check.path : check.interpreter_script;
    launch.arguments = options.command;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        if (text.starts_with("LD_PRELOAD=")) continue;
        if (text.starts_with("THREADFAULT_FOLLOW=")) continue;
        if (text.starts_with("THREADFAULT_INJECT=") && !options.inject.empty()) continue;
        if (text.starts_with("THREADFAULT_LOG=") && !options.log.empty()) continue;
        launch.environment.emplace_back(text);
    }
    launch.environment.push_back("LD_PRELOAD=" + preload_value(check.sanitizer_runtimes,
                                                               options.shim, getenv("LD_PRELOAD")));
    if (!options.log.empty()) {
        launch.environment.push_back("THREADFAULT_LOG=" + usable_log(options.log));
    }
    if (!options.inject.empty()) {
        launch.environment.push_back("THREADFAULT_INJECT=" + options.inject);
    }
    if (!options.follow) launch.environment.emplace_back("THREADFAULT_FOLLOW=0");
    return launch;
}

void become(const Launch& launch) {
    execve(launch.file.c_str(), base::pointers_to(launch.arguments).data(),
           base::pointers_to(launch.environment).data());
    const int error = errno;
    throw CannotStart(error == ENOENT ? ErrorCode::not_found : ErrorCode::not_executable,
                      formatted("{}: {}", launch.arguments.front(), strerror(error)), "");
}

}  // namespace threadfault::drive
