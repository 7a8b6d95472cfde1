// A test on a process that runs already, and that goes on after it.
#include "base/clean_text.hpp"
#include "drive/programs/targets.hpp"
#include "format/format.hpp"
#include "scenario/run/session.hpp"
#include "threadfault/error.hpp"

namespace threadfault::scenario {
namespace {

constexpr std::size_t kMostShown = 100;  // of a command line

std::string listed(const std::vector<drive::TargetProcess>& processes) {
    std::string list;
    for (const drive::TargetProcess& process : processes) {
        list += formatted("{}{} ({})", list.empty() ? "" : ", ", process.pid,
                          base::cut_middle(base::clean_line(process.command), kMostShown));
    }
    return list;
}

}  // namespace

void Session::attach() {
    const AttachSpec& wanted = test_.target.attach;
    pid_t pid = wanted.pid;
    if (pid == 0) {
        const std::vector<drive::TargetProcess> found =
            drive::find_processes({.command = wanted.command, .ancestor = 0, .container = {}});
        if (found.empty()) {
            throw Error(ErrorCode::no_such_process,
                        formatted("attach = \"{}\": no process matches", wanted.command),
                        "the name is that of the program's file or of its main thread");
        }
        if (found.size() > 1) {
            throw Error(ErrorCode::ambiguous_selector,
                        formatted("attach = \"{}\": {} processes match: {}", wanted.command,
                                  found.size(), listed(found)),
                        "use a process id");
        }
        pid = found.front().pid;
    }
    // A child that does nothing, and whose guardian removes {tmp} when we are killed.
    keeper_ = Target::launch(
        {"/bin/cat"},
        {.scratch = scratch_.path(), .output = Output::discarded, .input = Input::piped});
    AttachOptions options;
    options.ready.listening = fill(test_.target.ready.listening);
    options.ready.thread = fill(test_.target.ready.thread);
    options.ready.within = std::min<Duration>(test_.target.ready.within, test_.timeout);
    target_ = Target::attach_to(pid, options);
    note(formatted("attached to process {}: {}", pid,
                   base::cut_middle(joined(target_->command(), " "), kMostShown)));
}

std::vector<pid_t> Session::candidates(const ProcessSpec& wanted) const {
    const std::string command = fill(wanted.command);
    std::vector<pid_t> found;
    if (test_.target.attach.given()) {
        // What it has started need not have an agent either.
        for (const drive::TargetProcess& process : drive::find_processes(
                 {.command = command, .ancestor = target_->pid(), .container = {}}))
            found.push_back(process.pid);
    } else {
        found = target_->targets(command);
    }
    if (wanted.children) std::erase(found, target_->pid());
    return found;
}

// It is not ours to end: it goes on as if there had been no test.
void Session::let_go() {
    const auto undo = [this](Target& target) {
        if (!target.alive()) {
            note(formatted("process {} has ended", target.pid()));
            return;
        }
        // Not all of it is undone by letting go: of a process that runs under the shim, or to which
        // somebody else has attached.
        try {
            for (const FaultResult& result : target.thaw({}, {.wait = std::chrono::seconds(5)})) {
                if (!result.took_effect())
                    note(formatted("thaw {}: {}", result.tid, result.reason));
            }
        } catch (const Error& error) {
            note(formatted("undoing the faults of process {}: {}", target.pid(), error.what()));
        }
        target.detach();
        note(formatted("process {} was let go", target.pid()));
    };
    others_.emplace(target_->pid(), std::move(*target_));
    for (auto& [pid, target] : others_) {
        try {
            undo(target);
        } catch (const Error& error) {
            note(formatted("letting process {} go: {}", pid, error.what()));
        }
    }
    others_.clear();
    target_.reset();
}

}  // namespace threadfault::scenario
