#include "top/keys.hpp"

#include "base/clean_text.hpp"
#include "drive/faults/plan.hpp"
#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <algorithm>

namespace threadfault::cli::top {
namespace {

using base::Fault;

// Why nothing can be done to a thread; "": it can.
std::string obstacle(const Picture& picture, const View& view) {
    if (!picture.ended.empty()) return "the process has ended";
    if (!picture.agent) return "no faults: " + picture.why;
    return view.selected == 0 ? "no thread is under the cursor" : std::string();
}

// The thread under the cursor.
Chosen chosen(const Picture& picture, const View& view) {
    for (const drive::ThreadView& thread : picture.threads) {
        if (thread.tid == view.selected) {
            return {thread.tid, thread.start_ticks, base::clean_line(thread.name)};
        }
    }
    return {view.selected, 0, ""};
}

void move(View& view, const std::vector<Line>& lines, std::size_t to) {
    if (lines.empty()) return;
    view.cursor = std::min(to, lines.size() - 1);
    view.selected = lines[view.cursor].id;
}

bool move(View& view, const Picture& picture, Key::Kind key) {
    const std::vector<Line> lines = lines_of(picture, view);
    const std::size_t at = view.cursor;
    const std::size_t page = std::max<std::size_t>(view.shown, 1);
    switch (key) {
        case Key::up:
            move(view, lines, at - std::min<std::size_t>(at, 1));
            return true;
        case Key::down:
            move(view, lines, at + 1);
            return true;
        case Key::page_up:
            move(view, lines, at - std::min(at, page));
            return true;
        case Key::page_down:
            move(view, lines, at + page);
            return true;
        case Key::home:
            move(view, lines, 0);
            return true;
        case Key::end:
            move(view, lines, lines.empty() ? 0 : lines.size() - 1);
            return true;
        default:
            return false;
    }
}

void sort_by_neighbour(View& view, int step) {
    const int count = static_cast<int>(thread_keys().size());
    const int next = (static_cast<int>(view.sort) + step + count) % count;
    view.sort = static_cast<ThreadKey>(next);
    view.page = Page::threads;
    view.say(formatted("sorted by {}: {}", info(view.sort).name, info(view.sort).about));
}

void turn_to(View& view, Page page) {
    view.page = view.page == page ? Page::threads : page;
    view.first = 0;
}

void ask(View& view, Mode mode, std::string input = {}) {
    view.mode = mode;
    view.input = std::move(input);
}

Request begin_fault(View& view, const Picture& picture, char key) {
    const std::string why = obstacle(picture, view);
    if (!why.empty() && !(key == 'u' && picture.agent && picture.ended.empty())) {
        view.say(why, Look::warning);
        return {};
    }
    view.victim = chosen(picture, view);
    switch (key) {
        case 'f':
            return {Request::inflict, view.victim, Fault::freeze};
        case 't':
            return {Request::inflict, view.victim, Fault::thaw};
        case 'u':
            return {Request::undo_all, {}, Fault::thaw};
        case 'k':
            view.mode = Mode::how;
            view.choice = 0;
            return {};
        case 's':
            ask(view, Mode::percent, "10");
            return {};
        default:
            ask(view, Mode::signal);
            return {};
    }
}

Request press_normal(View& view, const Picture& picture, const Key& key) {
    view.say("");
    if (move(view, picture, key.kind)) return {};
    if (view.page == Page::targets) {
        if (key.kind == Key::enter && view.selected != 0)
            return {Request::open, {view.selected, 0, ""}};
        if (key.text == "q") return {Request::quit};
        if (key.text == "?") view.mode = Mode::help;
        return {};
    }
    if (key.kind != Key::character || key.text.size() != 1) return {};
    switch (const char letter = key.text.front()) {
        case 'q':
            return {Request::quit};
        case '?':
        case 'h':
            view.mode = Mode::help;
            return {};
        case '/':
            ask(view, Mode::filter, view.filter);
            return {};
        case '<':
            sort_by_neighbour(view, -1);
            return {};
        case '>':
            sort_by_neighbour(view, 1);
            return {};
        case 'r':
            view.reversed = !view.reversed;
            view.say(view.reversed ? "sorted the other way round" : "sorted as usual");
            return {};
        case 'T':
            turn_to(view, Page::tree);
            return {};
        case 'L':
            turn_to(view, Page::locks);
            return {};
        case 'f':
        case 't':
        case 'k':
        case 's':
        case 'g':
        case 'u':
            return begin_fault(view, picture, letter);
        default:
            view.say("? shows the keys");
            return {};
    }
}

// Down to the last character before it.
void erase_last(std::string& text) {
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80U)
        text.pop_back();
    if (!text.empty()) text.pop_back();
}

Request finish_input(View& view) {
    const std::string input = view.input;
    if (view.mode == Mode::filter) {
        view.selector = parse_filter(input);
        view.filter = input;
        view.mode = Mode::normal;
        view.first = 0;
        return {};
    }
    Request request{Request::inflict, view.victim, Fault::slow};
    if (view.mode == Mode::percent) {
        request.percent = drive::parse_percent(input);
    } else {
        request.fault = Fault::signal;
        request.signal = drive::require_signal(input);
    }
    view.mode = Mode::normal;
    return request;
}

Request press_input(View& view, const Key& key) {
    view.say("");
    switch (key.kind) {
        case Key::character:
            view.input += key.text;
            return {};
        case Key::backspace:
            erase_last(view.input);
            return {};
        case Key::escape:
            view.mode = Mode::normal;
            return {};
        case Key::enter:
            break;
        default:
            return {};
    }
    try {
        return finish_input(view);
    } catch (const Error& error) {
        // It stays as it was typed, to be put right.
        view.say(error.advice().empty() ? error.what()
                                        : formatted("{} ({})", error.what(), error.advice()),
                 Look::warning);
        return {};
    }
}

Request choose_how(View& view, std::size_t choice) {
    view.choice = choice;
    view.mode = Mode::forecast;
    view.forecast.clear();
    view.forecast_is_there = false;
    return {Request::forecast, view.victim, base::kDeaths[choice]};
}

Request press_how(View& view, const Key& key) {
    const std::size_t last = base::kDeaths.size() - 1;
    if (key.kind == Key::up && view.choice > 0) --view.choice;
    if (key.kind == Key::down && view.choice < last) ++view.choice;
    if (key.kind == Key::enter) return choose_how(view, view.choice);
    if (key.kind == Key::escape || key.text == "q") view.mode = Mode::normal;
    if (key.kind == Key::character && key.text.size() == 1) {
        const auto number = static_cast<std::size_t>(key.text.front() - '1');
        if (number <= last) return choose_how(view, number);
    }
    return {};
}

Request press_forecast(View& view, const Key& key) {
    if (key.kind == Key::character && key.text == "y") {
        // Who says yes shall have seen what to.
        if (!view.forecast_is_there) return {};
        view.mode = Mode::normal;
        view.say("");
        return {Request::inflict, view.victim, base::kDeaths[view.choice]};
    }
    view.mode = Mode::normal;
    view.say("nothing was done");
    return {};
}

}  // namespace

Request press(View& view, const Picture& picture, const Key& key) {
    switch (view.mode) {
        case Mode::normal:
            return press_normal(view, picture, key);
        case Mode::help:
            view.mode = Mode::normal;
            return {};
        case Mode::how:
            return press_how(view, key);
        case Mode::forecast:
            return press_forecast(view, key);
        case Mode::filter:
        case Mode::percent:
        case Mode::signal:
            return press_input(view, key);
    }
    return {};
}

}  // namespace threadfault::cli::top
