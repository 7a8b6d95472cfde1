#include "top/view.hpp"

#include "threadfault/error.hpp"
#include "top/help.hpp"

#include <algorithm>

namespace threadfault::cli::top {

std::optional<drive::Selector> parse_filter(const std::string& text) {
    if (text.empty()) return std::nullopt;
    const bool word = text != "main" && text.find_first_of("=,*?[") == std::string::npos &&
                      text.find_first_not_of("0123456789") != std::string::npos;
    drive::Selector selector = drive::parse_selector(word ? "name=*" + text + "*" : text);
    if (selector.has(drive::Term::Key::in)) {
        throw Error(ErrorCode::usage, "in= is not known here: no stack is read",
                    "`threadfault ps PID in=FUNCTION` lists them");
    }
    return selector;
}

std::vector<Line> lines_of(const Picture& picture, const View& view) {
    std::vector<Line> lines;
    if (view.page == Page::targets) {
        for (const drive::TargetProcess& target : picture.targets)
            lines.push_back({.id = target.pid, .branch = {}, .text = {}, .target = &target});
        return lines;
    }
    if (view.page == Page::locks) {
        for (const LockLine& lock : picture.locks) {
            for (std::string& part : wrapped(lock.text, view.columns)) {
                lines.push_back(
                    {.id = lock.tid, .branch = {}, .text = std::move(part), .look = lock.look});
            }
        }
        return lines;
    }
    const auto percent_of = [&](const drive::ThreadView* thread) {
        const auto at = static_cast<std::size_t>(thread - picture.threads.data());
        return at < picture.percents.size() ? picture.percents[at] : 0;
    };
    std::vector<RankedThread> threads;
    for (const drive::ThreadView& thread : picture.threads) {
        if (view.selector && !view.selector->matches(thread)) continue;
        threads.push_back({&thread, percent_of(&thread)});
    }
    if (view.page == Page::threads) {
        sort_threads(threads, view.sort, view.reversed);
        for (const RankedThread& one : threads) {
            lines.push_back({.id = one.thread->tid,
                             .thread = one.thread,
                             .percent = one.cpu,
                             .branch = {},
                             .text = {}});
        }
        return lines;
    }
    std::vector<const drive::ThreadView*> plain;
    plain.reserve(threads.size());
    for (const RankedThread& one : threads)
        plain.push_back(one.thread);
    for (TreePlace& place : creator_tree(plain, view.unicode)) {
        const drive::ThreadView* const thread = plain[place.index];
        lines.push_back({.id = thread->tid,
                         .thread = thread,
                         .percent = percent_of(thread),
                         .branch = std::move(place.branch),
                         .text = {}});
    }
    return lines;
}

void settle(View& view, const std::vector<Line>& lines) {
    const auto is_selected = [&](const Line& line) { return line.id == view.selected; };
    if (lines.empty()) {
        view.cursor = view.first = 0;
        // Nothing may be done to what is not seen.
        view.selected = 0;
        return;
    }
    view.cursor = std::min(view.cursor, lines.size() - 1);
    if (!is_selected(lines[view.cursor])) {
        const auto found = std::find_if(lines.begin(), lines.end(), is_selected);
        if (view.selected != 0 && found != lines.end()) {
            view.cursor = static_cast<std::size_t>(found - lines.begin());
        } else {
            view.selected = lines[view.cursor].id;
        }
    }
    const std::size_t room = std::max<std::size_t>(view.shown, 1);
    if (view.cursor < view.first) view.first = view.cursor;
    if (view.cursor >= view.first + room) view.first = view.cursor - room + 1;
    // No empty lines at the end while there are more at the beginning.
    if (lines.size() < view.first + room) view.first = lines.size() - std::min(lines.size(), room);
}

}  // namespace threadfault::cli::top
