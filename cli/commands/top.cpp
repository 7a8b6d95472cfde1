#include "commands/top.hpp"

#include "cli11.hpp"
#include "commands/commands.hpp"
#include "format/format.hpp"
#include "render/thread_order.hpp"

#include <memory>

namespace threadfault::cli {
namespace {

constexpr const char* kTopHelp =
    "A live view of any process that you may look into: what its threads do, what\n"
    "they wait for, which locks they hold, which faults are in force, and what\n"
    "happens to them. Looking disturbs nothing. Faults need an agent, as with the\n"
    "other commands (`threadfault run`, `threadfault attach`, --attach). Without a\n"
    "PID it shows the one target that there is, or lets you choose.\n"
    "\n"
    "Keys:\n"
    "  f t   freeze the thread under the cursor, thaw it (undo its faults)\n"
    "  k     end it: choose how, read what it would do, confirm with y\n"
    "  s g   slow it to a share of the time, send it a signal\n"
    "  u     undo the faults of all threads\n"
    "  < > r sort by another column, the other way round\n"
    "  /     only threads with this word in the name, or that a selector means\n"
    "  T L   as a tree of who created whom; who waits for whom\n"
    "  ? q   help, quit (Ctrl-C too)\n"
    "\n"
    "Examples:\n"
    "  threadfault top 4711\n"
    "  threadfault top --command memcached --interval 500ms\n"
    "  threadfault top 4711 waiting=mutex --locks\n"
    "  threadfault top 4711 --once --sort holds    one picture, as text\n"
    "\n"
    "Exit status: 0 quit, --for is over, or --once; 2 usage, or no terminal; 3 no\n"
    "such process; 5 not permitted; 8 this build has no `top`, or output not\n"
    "written.\n";

}  // namespace

void setup_top(CLI::App& app, Invocation& invocation) {
    const auto options = std::make_shared<TopOptions>();
    std::string keys;
    for (const ThreadKeyInfo& key : thread_keys())
        keys += formatted("{}{}", keys.empty() ? "" : ", ", key.name);
    app.add_option("PID", options->pid, "any process that you may inspect")->type_name("");
    app.add_option("THREAD", options->thread,
                   "only the threads that it selects, see `threadfault kill --help`")
        ->type_name("");
    app.add_option("--interval", options->interval, "time between two looks; default 1s")
        ->type_name("TIME");
    app.add_option("--for", options->duration, "end after this time")->type_name("TIME");
    app.add_option("--sort", options->sort, keys + "; default cpu")->type_name("KEY");
    app.add_flag("--tree", options->tree, "begin with the tree of who created whom");
    app.add_flag("--locks", options->locks, "begin with who waits for whom");
    app.add_flag("--once", options->once, "print one picture after one interval, and end");
    app.footer(kTopHelp);
    invocation.action = [options, &invocation] { return run_top(*options, invocation); };
}

}  // namespace threadfault::cli
