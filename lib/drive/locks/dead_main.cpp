#include "drive/locks/dead_main.hpp"

#include "client/find_agent.hpp"
#include "drive/locks/fate.hpp"
#include "format/format.hpp"

#include <algorithm>

namespace threadfault::drive {

std::optional<ThreadView> dead_main(const observe::Process& process,
                                    client::Connection* connection) {
    const auto stat = process.stat(process.pid());
    if (!stat || !stat->is_dead() || !process.alive()) return std::nullopt;
    ThreadView main;
    main.tid = process.pid();
    main.inner_tid = client::inner_pid(process.status_at_opening());
    main.name = stat->name;
    main.state = stat->state;
    main.main = true;
    main.path = "main";
    main.index = 0;
    main.start_ticks = stat->start_ticks;
    main.cpu_seconds = stat->cpu_seconds();
    main.age_seconds =
        std::max(0.0, observe::boot_seconds() - observe::ticks_to_seconds(stat->start_ticks));
    observe::Symbols symbols(process);
    main.end = Fates(process, connection, symbols).of(main.inner_tid).text;
    return main;
}

void require_not_dead_main(const observe::Process& process, client::Connection* connection,
                           const Selector& selector) {
    const auto main = dead_main(process, connection);
    if (!main || !selector.matches(*main)) return;
    throw Error(
        ErrorCode::no_such_thread,
        formatted("the main thread ({} {}) of process {} has ended{}{}; its other threads "
                  "still run",
                  main->tid, main->name, process.pid(), main->end.empty() ? "" : ": ", main->end),
        ErrorFacts{.pid = process.pid()});
}

}  // namespace threadfault::drive
