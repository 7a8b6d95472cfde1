#include "top/layout.hpp"

#include "base/clean_text.hpp"
#include "base/fault.hpp"
#include "format/format.hpp"
#include "render/text.hpp"
#include "top/columns.hpp"
#include "top/help.hpp"

#include <algorithm>
#include <span>

namespace threadfault::cli::top {
namespace {

constexpr std::string_view kKeys =
    "f freeze t thaw k kill s slow g signal u undo / filter T tree L locks ? help";
constexpr std::string_view kKeysOfTargets = "Enter shows the threads of a target  q quits";

std::size_t rows_of_events(std::size_t rows, const View& view) {
    if (view.page == Page::targets) return 0;
    return rows >= 20 ? 5 : rows >= 14 ? 3 : 0;
}

Look look_of(const drive::ThreadView& thread) {
    const bool behind_dead =
        thread.waiting && thread.waiting->kind != WaitKind::join &&
        (thread.waiting->owner_dead || (thread.waiting->owner_tid && !thread.waiting->owner_alive));
    if (behind_dead) return Look::bad;
    if (thread.faults != 0) return Look::warning;
    if (thread.state == 'R') return Look::good;
    if (thread.state == 'Z') return Look::dim;
    return thread.main ? Look::strong : Look::plain;
}

class Painter {
public:
    Painter(const Picture& picture, View& view, Size size)
        : picture_(picture), view_(view), grid_(size) {}

    Grid paint() {
        std::size_t row = 0;
        title(row++);
        if (view_.page != Page::targets) {
            summary(row++);
            if (const std::string text = remark(); !text.empty()) {
                put(row++, text, picture_.ended.empty() ? Look::warning : Look::bad);
            }
        }
        const std::size_t rows = grid_.size().rows;
        const std::size_t below = view_.interactive ? 1 : 0;
        const std::size_t events =
            view_.interactive ? rows_of_events(rows, view_) : picture_.events.size();
        const std::size_t reserved = below + (events != 0 ? events + 1 : 0);
        const std::size_t bottom = std::max(rows, row + reserved) - reserved;
        body(row, bottom);
        if (events != 0) event_lines(bottom, events);
        if (view_.interactive) last_line(rows - 1);
        return std::move(grid_);
    }

private:
    void put(std::size_t row, std::string_view text, Look look) {
        grid_.put(row, 0, shorten(text, grid_.size().columns, view_.unicode), look);
    }

    void title(std::size_t row) {
        const std::size_t columns = grid_.size().columns;
        const std::size_t clock = columns - std::min(columns, picture_.time.size());
        std::size_t at = grid_.put(row, 0, "threadfault top", Look::strong);
        const std::string what =
            view_.page == Page::targets
                ? counted(picture_.targets.size(), "target")
                : formatted("{} {}", picture_.pid, base::clean_line(picture_.command));
        at += 2;
        if (clock > at + 2)
            grid_.put(row, at, shorten(what, clock - at - 2, view_.unicode), Look::plain);
        if (view_.interactive && clock > at) grid_.put(row, clock, picture_.time, Look::dim);
    }

    void summary(std::size_t row) {
        std::size_t running = 0;
        std::size_t faulty = 0;
        for (const drive::ThreadView& thread : picture_.threads) {
            running += thread.state == 'R' ? 1 : 0;
            faulty += thread.faults != 0 ? 1 : 0;
        }
        std::string text =
            formatted("{}, {} running, CPU {:.1f} %", counted(picture_.threads.size(), "thread"),
                      running, picture_.cpu_percent);
        if (faulty != 0) text += formatted(", {} with faults", faulty);
        if (view_.page == Page::threads) {
            text += formatted("; sorted by {}{}", info(view_.sort).name,
                              view_.reversed ? ", reversed" : "");
        }
        if (!view_.filter.empty()) text += formatted("; only {}", base::clean_line(view_.filter));
        put(row, text, Look::plain);
    }

    std::string remark() const {
        if (!picture_.ended.empty()) return picture_.ended + "; this is its last picture";
        if (!picture_.agent) return "no faults: " + base::clean_line(picture_.why);
        if (!picture_.waits_permitted) return "what its threads wait for can't be seen";
        return {};
    }

    void body(std::size_t row, std::size_t bottom) {
        const std::size_t room = bottom > row ? bottom - row : 0;
        switch (view_.mode) {
            case Mode::help:
                return panel(row, room, help_lines());
            case Mode::how:
                return panel(row, room, how_lines());
            case Mode::forecast:
                return panel(row, room, forecast_lines());
            default:
                return lines(row, room);
        }
    }

    void panel(std::size_t row, std::size_t room, const std::vector<PanelLine>& lines) {
        for (std::size_t i = 0; i < std::min(room, lines.size()); ++i)
            put(row + i, lines[i].text, lines[i].look);
    }

    void lines(std::size_t row, std::size_t room) {
        const std::vector<Line> lines = lines_of(picture_, view_);
        view_.shown = room > 1 ? room - 1 : 0;  // below the heading
        settle(view_, lines);
        const std::size_t end = std::min(lines.size(), view_.first + view_.shown);
        const std::span<const Line> shown(lines.data() + view_.first, end - view_.first);
        if (view_.page == Page::threads || view_.page == Page::tree) {
            threads(row, shown);
        } else {
            texts(row, shown);
        }
        const bool cursor = view_.interactive && !lines.empty() && view_.shown != 0;
        if (cursor) grid_.paint(row + 1 + view_.cursor - view_.first, Look::selected);
    }

    void threads(std::size_t row, std::span<const Line> shown) {
        ThreadNames names;
        for (const drive::ThreadView& thread : picture_.threads)
            names.emplace(thread.tid, thread.name);
        const std::vector<Column> columns =
            columns_for(picture_, view_, shown, names, grid_.size().columns);
        const auto put_row = [&](std::size_t at, Look look, const auto& text_of) {
            std::size_t x = 0;
            for (const Column& column : columns) {
                const std::string text = fitted(column.key, text_of(column), column.width);
                const std::size_t pad = column.right ? column.width - display_width(text) : 0;
                grid_.put(at, x + pad, text, look, column.width);
                x += column.width + 1;
            }
        };
        put_row(row, Look::heading, [](const Column& column) { return std::string(column.title); });
        grid_.paint(row, Look::heading);
        for (const Line& line : shown) {
            put_row(++row, look_of(*line.thread),
                    [&](const Column& column) { return cell_text(column.key, line, names); });
        }
        if (shown.empty() && picture_.ended.empty())
            put(row + 1, view_.filter.empty() ? "no thread" : "no thread matches", Look::dim);
    }

    // Of names the end tells them apart.
    std::string fitted(ThreadKey key, const std::string& text, std::size_t width) const {
        return key == ThreadKey::start || key == ThreadKey::holds
                   ? shorten_middle(text, width, view_.unicode)
                   : shorten(text, width, view_.unicode);
    }

    void texts(std::size_t row, std::span<const Line> shown) {
        const bool locks = view_.page == Page::locks;
        put(row, locks ? "WHO WAITS FOR WHOM" : "    PID THREADS COMMAND", Look::heading);
        grid_.paint(row, Look::heading);
        for (const Line& line : shown) {
            ++row;
            if (!line.text.empty()) put(row, line.text, line.look);
            if (line.target != nullptr) {
                put(row,
                    formatted("{:>7} {:>7} {}", line.target->pid, line.target->threads,
                              base::clean_line(line.target->command)),
                    Look::plain);
            }
        }
        if (shown.empty())
            put(row + 1, locks ? "no thread waits for another one" : "no target is left",
                Look::dim);
    }

    std::vector<PanelLine> how_lines() const {
        std::vector<PanelLine> lines = {
            {formatted("How shall {} {} end?", view_.victim.tid, view_.victim.name), Look::strong},
            {"", Look::plain}};
        for (std::size_t i = 0; i < base::kDeaths.size(); ++i) {
            const base::FaultInfo& death = base::info(base::kDeaths[i]);
            lines.push_back({formatted(" {}  {:<12}  {}", i + 1, death.name, death.about),
                             i == view_.choice ? Look::selected : Look::plain});
        }
        lines.push_back({"", Look::plain});
        lines.push_back({"A number, or Enter, shows what it would do. Escape leaves.", Look::dim});
        return lines;
    }

    std::vector<PanelLine> forecast_lines() const {
        const std::string_view how = base::info(base::kDeaths[view_.choice]).name;
        std::vector<PanelLine> lines = {
            {formatted("{} {}: {}", view_.victim.tid, view_.victim.name, how), Look::strong},
            {"", Look::plain}};
        if (!view_.forecast_is_there) {
            lines.push_back({"looking at its stack and its locks…", Look::dim});
            return lines;
        }
        for (const std::string& fact : view_.forecast) {
            for (const std::string& part : wrapped(fact, grid_.size().columns))
                lines.push_back({part, Look::plain});
        }
        lines.push_back({"", Look::plain});
        lines.push_back({"y does it; any other key leaves.", Look::strong});
        return lines;
    }

    void event_lines(std::size_t row, std::size_t count) {
        put(row, "EVENTS", Look::heading);
        grid_.paint(row, Look::heading);
        const std::size_t known = picture_.events.size();
        const std::size_t first = known - std::min(known, count);
        for (std::size_t i = first; i < known; ++i) {
            ++row;
            put(row, picture_.events[i].text, picture_.events[i].look);
        }
        if (known == 0) {
            put(row + 1, picture_.agent ? "nothing has happened yet" : "none: there is no agent",
                Look::dim);
        }
    }

    void last_line(std::size_t row) {
        std::string prompt;
        if (view_.mode == Mode::filter) prompt = "only (a word, or a selector): ";
        if (view_.mode == Mode::percent)
            prompt = formatted("slow {} to (percent): ", view_.victim.name);
        if (view_.mode == Mode::signal) prompt = formatted("signal to {}: ", view_.victim.name);
        if (!prompt.empty()) {
            std::size_t at = grid_.put(row, 0, prompt, Look::strong);
            at = grid_.put(row, at, base::clean_line(view_.input), Look::plain);
            grid_.put(row, at, "_", Look::strong);
            if (!view_.notice.empty() && row > 0) {
                grid_.put(row - 1, 0, std::string(grid_.size().columns, ' '), Look::plain);
                put(row - 1, view_.notice, view_.notice_look);
            }
        } else if (!view_.notice.empty()) {
            put(row, view_.notice, view_.notice_look);
        } else {
            put(row, view_.page == Page::targets ? kKeysOfTargets : kKeys, Look::dim);
        }
    }

    const Picture& picture_;
    View& view_;
    Grid grid_;
};

}  // namespace

Grid lay_out(const Picture& picture, View& view, Size size) {
    view.columns = size.columns;
    return Painter(picture, view, size).paint();
}

std::size_t rows_of(const Picture& picture, const View& view) {
    const std::size_t lines = std::max<std::size_t>(lines_of(picture, view).size(), 1);
    const bool remark = !picture.agent || !picture.ended.empty() || !picture.waits_permitted;
    const std::size_t events = picture.events.empty() ? 0 : picture.events.size() + 1;
    return 2 + (remark ? 1 : 0) + 1 + lines + events;
}

}  // namespace threadfault::cli::top
