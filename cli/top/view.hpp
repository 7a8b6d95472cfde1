// What the user of `top` has chosen to see, and where he is: everything that keys change.
#ifndef THREADFAULT_CLI_TOP_VIEW_HPP
#define THREADFAULT_CLI_TOP_VIEW_HPP

#include "base/fault.hpp"
#include "drive/threads/selector.hpp"
#include "render/thread_order.hpp"
#include "top/picture.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::cli::top {

enum class Page { targets, threads, tree, locks };

// What the next key is for.
enum class Mode { normal, help, filter, how, forecast, percent, signal };

// A thread that something is to be done to: with the tid, its start names it for good.
struct Chosen {
    pid_t tid = 0;
    std::uint64_t start_ticks = 0;
    std::string name;
};

struct View {
    Page page = Page::threads;
    Mode mode = Mode::normal;
    bool unicode = true;
    bool interactive = true;  // there are keys, and a thread under the cursor
    ThreadKey sort = ThreadKey::cpu;
    bool reversed = false;
    std::string filter;
    std::optional<drive::Selector> selector;  // of `filter`

    pid_t selected = 0;      // the thread under the cursor; of the page `targets`, the process
    std::size_t cursor = 0;  // its line
    std::size_t first = 0;   // line that is shown
    std::size_t shown = 1;   // lines that there is room for
    std::size_t columns = 80;

    std::string input;   // what is being typed
    std::string notice;  // what became of the last key
    Look notice_look = Look::plain;

    Chosen victim;
    std::size_t choice = 0;             // of the deaths
    std::vector<std::string> forecast;  // "": not there yet
    bool forecast_is_there = false;

    void say(std::string text, Look look = Look::plain) {
        notice = std::move(text);
        notice_look = look;
    }
};

// A plain word means the threads with it in their name; everything else is a selector. Throws
// Error{usage}.
std::optional<drive::Selector> parse_filter(const std::string& text);

// One line of the page: a thread, a line about locks, or a process.
struct Line {
    pid_t id = 0;  // 0: the cursor does not stop there for anything
    const drive::ThreadView* thread = nullptr;
    double percent = 0;
    std::string branch;  // before its name
    std::string text;    // about locks
    Look look = Look::plain;
    const drive::TargetProcess* target = nullptr;
};
std::vector<Line> lines_of(const Picture& picture, const View& view);

// Brings cursor and scrolling in line with the lines that there are: the cursor stays on its
// thread, or where that was.
void settle(View& view, const std::vector<Line>& lines);

}  // namespace threadfault::cli::top

#endif  // THREADFAULT_CLI_TOP_VIEW_HPP
