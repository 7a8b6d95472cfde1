// Looking at a target's threads.
#include "drive/faults/add_stacks.hpp"
#include "drive/locks/holdings.hpp"
#include "drive/locks/lock_graph.hpp"
#include "drive/locks/member_names.hpp"
#include "drive/threads/selector.hpp"
#include "drive/threads/thread_view.hpp"
#include "format/format.hpp"
#include "harness/impl.hpp"

#include <utility>

namespace threadfault {
namespace {

using target::deadline_after;
using target::poll_until;

ThreadInfo info_of(const drive::ThreadView& view) {
    ThreadInfo info;
    info.tid = view.tid;
    info.name = view.name;
    info.state = view.state;
    info.main = view.main;
    info.cpu = target::from_seconds(view.cpu_seconds);
    info.age = target::from_seconds(view.age_seconds);
    info.start = view.start;
    info.start_location = view.start_location;
    info.path = view.path;
    info.index = view.index;
    info.creator_tid = view.creator_tid;
    if (view.waiting) {
        info.waiting = ThreadWait{view.waiting->kind, view.waiting->address, view.waiting->symbol,
                                  view.waiting->owner_tid, view.waiting->owner_alive};
    }
    for (const std::string_view fault : drive::fault_names(view.faults))
        info.faults.emplace_back(fault);
    return info;
}

using Key = drive::Term::Key;

drive::ThreadList list(const observe::Process& process, const drive::Selector& selector,
                       const drive::Needs& needs) {
    // Without an agent (no thread yet, or a stopped process) /proc tells what it can.
    try {
        client::Connection connection(process);
        drive::ThreadList list = drive::list_threads(process, &connection, needs);
        if (selector.has(Key::in)) drive::add_stacks(process, list);
        if (selector.has(Key::holding)) {
            drive::add_holdings(drive::find_locks(process, &connection), list);
            drive::name_members(process, list.threads);
        }
        return list;
    } catch (const Error& error) {
        if (!client::means_no_answer(error.error_code())) throw;
        drive::ThreadList list = drive::list_threads(process, nullptr, needs);
        if (selector.has(Key::in)) drive::add_stacks(process, list);
        return list;
    }
}

std::vector<drive::ThreadView> matching(const observe::Process& process,
                                        const drive::Selector& selector, bool for_people) {
    const bool starts = for_people || selector.has(Key::start);
    std::vector<drive::ThreadView> views = list(process, selector,
                                                {.waits = for_people || selector.has(Key::waiting),
                                                 .starts = starts,
                                                 .symbols = for_people,
                                                 .outside = starts})
                                               .threads;
    std::erase_if(views, [&](const drive::ThreadView& view) { return !selector.matches(view); });
    return views;
}

}  // namespace

std::vector<ThreadInfo> Target::threads() const {
    return threads("");
}

std::vector<ThreadInfo> Target::threads(std::string_view selector) const {
    const drive::Selector parsed =
        selector.empty() ? drive::Selector{} : drive::parse_selector(selector);
    std::vector<ThreadInfo> threads;
    for (const drive::ThreadView& view : matching(impl_->open(), parsed, true))
        threads.push_back(info_of(view));
    return threads;
}

ThreadInfo Target::wait_for_thread(std::string_view selector,
                                   std::chrono::nanoseconds within) const {
    const drive::Selector parsed = drive::parse_selector(selector);
    const auto found = poll_until(deadline_after(within), [&]() -> std::optional<ThreadInfo> {
        std::vector<ThreadInfo> threads;
        if (matching(impl_->open(), parsed, false).empty()) return std::nullopt;
        threads = this->threads(selector);
        if (threads.empty()) return std::nullopt;
        return std::move(threads.front());
    });
    if (found) return *found;
    throw Error(ErrorCode::no_such_thread,
                formatted("no thread of {} matches {}", impl_->who(), selector));
}

bool Target::wait_until_gone(std::string_view selector, std::chrono::nanoseconds within) const {
    const drive::Selector parsed = drive::parse_selector(selector);
    return poll_until(deadline_after(within), [&] {
        if (impl_->has_ended()) return true;
        return matching(impl_->open(), parsed, false).empty();
    });
}

}  // namespace threadfault
