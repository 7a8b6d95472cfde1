// threadfault top, done: pictures at intervals, and what the keys ask for in between.
#include "base/clean_text.hpp"
#include "base/duration.hpp"
#include "commands/thread_options.hpp"
#include "commands/top.hpp"
#include "drive/programs/targets.hpp"
#include "format/format.hpp"
#include "programs/top/screen.hpp"
#include "programs/top/signals.hpp"
#include "render/text.hpp"
#include "render/thread_order.hpp"
#include "top/deeds.hpp"
#include "top/layout.hpp"
#include "top/looker.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

namespace threadfault::cli {
namespace top {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr Clock::duration kShortest = 100ms;
// Between two looks: events are fetched, so that few are lost, and soon seen.
constexpr Clock::duration kEvents = 250ms;
// The first shares of CPU time need a second look.
constexpr Clock::duration kSecondLook = 300ms;

class Session {
public:
    // Without a looker the user chooses first.
    Session(View view, std::unique_ptr<Looker> looker, Clock::duration interval,
            Clock::time_point end, Screen::Options screen)
        : view_(std::move(view)),
          looker_(std::move(looker)),
          interval_(interval),
          end_(end),
          screen_(screen) {
        if (!looker_) view_.page = Page::targets;
    }

    void run() {
        look();
        next_look_ = Clock::now() + std::min(interval_, kSecondLook);
        while (!quit_) {
            draw();
            wait();
            if (signals_.end() || Clock::now() >= end_) return;
            if (signals_.take_stop()) screen_.suspend();
            if (signals_.take_continue()) screen_.take_again();
            if (auto deed = deeds_.take()) accept(std::move(*deed));
            while (const auto key = screen_.read_key()) {
                act(press(view_, picture_, *key));
                if (quit_) return;
            }
            if (looker_) looker_->take_events(&picture_);
            if (Clock::now() >= next_look_) look();
        }
    }

private:
    void look() {
        if (looker_) {
            looker_->look(&picture_, view_.page == Page::locks);
            looker_->take_events(&picture_);
            seen_locks_ = view_.page == Page::locks;
        } else {
            picture_.targets = drive::find_targets();
        }
        // Not faster than it can be done.
        next_look_ = std::max(next_look_ + interval_, Clock::now() + interval_ / 2);
    }

    void draw() {
        // Turned to since the last look.
        if (looker_ && view_.page == Page::locks && !seen_locks_) look();
        screen_.draw(lay_out(picture_, view_, screen_.size()));
    }

    void wait() {
        const auto until = std::min({next_look_, end_, Clock::now() + kEvents});
        const auto left = std::max(Clock::duration::zero(), until - Clock::now());
        pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {deeds_.descriptor(), POLLIN, 0}};
        signals_.wait(fds, std::size(fds), left);
        // The terminal is gone.
        if ((fds[0].revents & (POLLHUP | POLLERR)) != 0) quit_ = true;
    }

    void act(const Request& request) {
        switch (request.kind) {
            case Request::nothing:
                return;
            case Request::quit:
                quit_ = true;
                return;
            case Request::open:
                return open(request.thread.tid);
            default:
                break;
        }
        if (deeds_.begin(looker_->process(), request)) {
            if (request.kind != Request::forecast) view_.say("…", Look::dim);
        } else {
            view_.say("the last one is still under way", Look::warning);
            view_.mode = Mode::normal;
        }
    }

    void open(pid_t pid) {
        try {
            looker_ = std::make_unique<Looker>(std::to_string(pid));
            view_.page = Page::threads;
            view_.selected = 0;
            view_.cursor = 0;
            look();
        } catch (const Error& error) {
            view_.say(error.what(), Look::bad);
        }
    }

    void accept(Deed deed) {
        if (deed.request.kind == Request::forecast && deed.notice.empty()) {
            // Unless the user has left it, for another one perhaps.
            const bool wanted = view_.mode == Mode::forecast &&
                                view_.victim.tid == deed.request.thread.tid &&
                                base::kDeaths[view_.choice] == deed.request.fault;
            if (!wanted) return;
            view_.forecast = std::move(deed.forecast);
            view_.forecast_is_there = true;
            return;
        }
        if (view_.mode == Mode::forecast) view_.mode = Mode::normal;
        view_.say(base::clean_line(deed.notice), deed.look);
        look();
    }

    View view_;
    Picture picture_;
    std::unique_ptr<Looker> looker_;
    const Clock::duration interval_;
    const Clock::time_point end_;
    Clock::time_point next_look_{};
    bool seen_locks_ = false;
    bool quit_ = false;
    Signals signals_;  // before the screen, and before any thread is started
    Deeds deeds_;
    Screen screen_;
};

int print_once(View view, const std::string& pid, Clock::duration interval) {
    view.interactive = false;
    Picture picture;
    if (pid.empty()) {
        view.page = Page::targets;
        picture.targets = drive::find_targets();
    } else {
        Looker looker(pid);
        looker.look(&picture, false);
        std::this_thread::sleep_for(interval);
        looker.look(&picture, view.page == Page::locks);
        looker.take_events(&picture);
    }
    const std::size_t width = terminal_width(STDOUT_FILENO);
    constexpr std::size_t kWide = 160;  // in a file
    const Size size{rows_of(picture, view), width != 0 ? width : kWide};
    print_out(lay_out(picture, view, size).text());
    return 0;
}

// A file is kept open for each thread.
void allow_many_files() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    constexpr rlim_t kEnough = 65'536;
    limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kEnough));
    setrlimit(RLIMIT_NOFILE, &limit);
}

// "": there are several targets to choose from.
std::string only_target() {
    const std::vector<drive::TargetProcess> targets = drive::find_targets();
    if (targets.empty()) {
        throw Error(ErrorCode::no_such_process, "no process runs under threadfault",
                    "give a PID, or start a program with `threadfault run -- PROGRAM ARGS…`");
    }
    return targets.size() == 1 ? std::to_string(targets.front().pid) : "";
}

}  // namespace
}  // namespace top

int run_top(const TopOptions& options, const Invocation& invocation) {
    using top::Clock;
    const auto interval = base::require_duration("--interval", options.interval);
    if (interval < top::kShortest) {
        throw Error(ErrorCode::usage, "--interval: at least 100ms",
                    "looking more often than that would take a CPU of its own");
    }
    auto end = Clock::time_point::max();
    if (!options.duration.empty())
        end = Clock::now() + base::require_duration("--for", options.duration);
    if (invocation.json) {
        throw Error(ErrorCode::usage, "top: it prints no JSON",
                    "`threadfault ps PID --json`, `locks` and `events` have what it shows");
    }
    if (options.tree && options.locks)
        throw Error(ErrorCode::usage, "--tree and --locks are mutually exclusive",
                    "use one of them");
    top::View view;
    view.sort = require_thread_key("--sort", options.sort);
    view.filter = options.thread;
    view.selector = top::parse_filter(options.thread);
    if (options.tree) view.page = top::Page::tree;
    if (options.locks) view.page = top::Page::locks;
    const Style style = invocation.style();
    view.unicode = style.unicode;
    top::allow_many_files();
    const std::string pid = options.pid.empty() ? top::only_target() : options.pid;
    if (options.once) return top::print_once(std::move(view), pid, interval);
    auto looker = pid.empty() ? nullptr : std::make_unique<top::Looker>(pid);
    top::Session session(std::move(view), std::move(looker), interval, end,
                         {.color = style.color, .unicode = style.unicode});
    session.run();
    return 0;
}

}  // namespace threadfault::cli
