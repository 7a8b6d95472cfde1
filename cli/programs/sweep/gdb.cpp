#include "programs/sweep/gdb.hpp"

#include "base/spawn.hpp"
#include "format/format.hpp"
#include "sweep/passage_file.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

namespace threadfault::sweep {

void become_gdb(const Setup& setup, const Options& options, const Experiment& experiment) {
    // gdb has our process id, so that the file's name stays good.
    static const PassageFile file(experiment.order_for_shim());
    file.keep_open();
    std::vector<std::string> words = {"gdb", "-q"};
    const auto say = [&](std::string command) {
        words.emplace_back("-ex");
        words.push_back(std::move(command));
    };
    say("set startup-with-shell off");
    for (const std::string& entry : setup.launch.environment) {
        if (!entry.starts_with("LD_PRELOAD=") && !entry.starts_with("THREADFAULT_")) continue;
        const std::size_t equals = entry.find('=');
        say(formatted("set environment {} {}", entry.substr(0, equals), entry.substr(equals + 1)));
    }
    say(formatted("set environment {} {}", wire::kPassagesVariable, file.path()));
    // Those that carry the shim's requests.
    for (int number = 34; number <= 64; ++number)
        say(formatted("handle SIG{} nostop noprint pass", number));
    say("set breakpoint pending on");
    say("break threadfault::shim::inflict_on_self");
    say(options.input.empty() ? std::string("run < /dev/null")
                              : formatted("run < {}", options.input));
    words.emplace_back("--args");
    words.push_back(setup.launch.file);
    for (std::size_t i = 1; i < setup.launch.arguments.size(); ++i)
        words.push_back(setup.launch.arguments[i]);
    execvp("gdb", base::pointers_to(words).data());
    throw Error(ErrorCode::not_found, formatted("gdb: {}", std::strerror(errno)),
                "install gdb, or leave out --gdb");
}

}  // namespace threadfault::sweep
