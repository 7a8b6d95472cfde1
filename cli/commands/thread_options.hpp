// PID, THREAD, --all, --first, --random: what commands that change threads have in common.
#ifndef THREADFAULT_CLI_COMMANDS_THREAD_OPTIONS_HPP
#define THREADFAULT_CLI_COMMANDS_THREAD_OPTIONS_HPP

#include "drive/faults/choose.hpp"
#include "drive/faults/inflict.hpp"
#include "drive/threads/thread_view.hpp"
#include "invocation.hpp"
#include "threadfault/error.hpp"

#include "render/error_table.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace threadfault::cli {

struct ThreadOptions {
    std::string pid;
    std::string thread;
    bool all = false;
    bool first = false;
    std::string random;  // "", "true" for --random alone, or the seed
};

void add_thread_options(CLI::App& app, ThreadOptions& options);

// Throws Error{usage}.
drive::Choice choice_of(const ThreadOptions& options);

// Throws Error{usage} for what is no number, Error{no_such_thread} for one that no process can
// have.
pid_t parse_pid(const std::string& text);

// The process, with a hint for a pid that none has: the process of a thread, or the nearest target.
observe::Process open_process(const std::string& text);

// A process, and its agent where it has one that we may talk to: for what mostly looks from
// outside.
struct Looked {
    explicit Looked(const std::string& pid_text);
    client::Connection* agent() noexcept { return connection ? &*connection : nullptr; }

    observe::Process process;
    std::optional<client::Connection> connection;
    std::string why;  // there is none, and what to do
    std::string hint;
};

// The threads that a selector means, or all where it is "", with what they hold; `in=` looks at
// their stacks. Throws Error{no_such_thread} when it matches none, Error{no_agent} when only an
// agent knows.
drive::ThreadList list_selected(Looked& looked, const std::string& selector, drive::Needs needs);

// For what can do without an agent: leaves `connection` empty where there is none that we may talk
// to. Throws Error{no_such_process}.
void connect_if_possible(const observe::Process& process,
                         std::optional<client::Connection>* connection);

// The plan that a command's options make. An Error names the option that is wrong; `time`: what
// takes the duration.
drive::Plan plan_of(std::string_view time, const std::function<drive::PlanInput()>& read);

// Chooses and inflicts: everything between the options and the rendering.
struct FaultResults {
    pid_t pid = 0;
    std::vector<drive::Result> results;
};
// Called once the victims are chosen, just before anything is done to them.
using BeforeFault = std::function<void(const observe::Process&, const std::vector<drive::Victim>&)>;
// May be called before that, while there is time.
using WhileChoosing = std::function<void(const observe::Process&)>;
FaultResults inflict_on_chosen(const ThreadOptions& options, const drive::Plan& plan,
                               const BeforeFault& before = {}, const WhileChoosing& meanwhile = {});

// The same for every thread with a fault in force, main too; needs --all. No thread: no result.
FaultResults inflict_on_faulty(const ThreadOptions& options, const drive::Plan& plan);

// 0, 6 or 7; of many results, the worst.
ExitCode exit_code(Outcome outcome) noexcept;
ExitCode worst_exit_code(const std::vector<drive::Result>& results) noexcept;

// Prints the results as text or JSON; returns the exit code. `verb`: "ended by vanish".
int report(const Invocation& invocation, const ThreadOptions& options, const FaultResults& done,
           std::string_view fault, std::string_view how, std::string_view verb);

// What `--help` says about selectors.
std::string_view selector_help() noexcept;

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_COMMANDS_THREAD_OPTIONS_HPP
