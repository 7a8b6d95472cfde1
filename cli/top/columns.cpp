#include "top/columns.hpp"

#include "base/clean_text.hpp"
#include "format/format.hpp"
#include "observe/symbols.hpp"
#include "render/display_width.hpp"

#include <algorithm>
#include <array>

namespace threadfault::cli::top {
namespace {

// Between two columns.
constexpr std::size_t kGap = 1;

struct Kind {
    ThreadKey key;
    std::string_view title;
    bool right;
    std::size_t least;  // columns
    std::size_t most;   // as long as others need the room
    int importance;     // 0: always there; then those that get room first
};

// In the order in which they stand.
constexpr std::array<Kind, 10> kKinds = {{
    {ThreadKey::tid, "TID", true, 7, 7, 0},
    {ThreadKey::name, "NAME", false, 15, 15, 0},
    {ThreadKey::state, "S", false, 1, 1, 0},
    {ThreadKey::cpu, "%CPU", true, 5, 5, 0},
    {ThreadKey::age, "AGE", true, 6, 6, 5},
    {ThreadKey::start, "START", false, 12, 24, 6},
    {ThreadKey::path, "PATH", false, 6, 12, 4},
    {ThreadKey::waiting, "WAITING FOR", false, 16, 48, 1},
    {ThreadKey::holds, "HOLDS", false, 9, 20, 3},
    {ThreadKey::faults, "FAULTS", false, 6, 20, 2},
}};

// Without what says nothing in so little room.
std::string plain_name(std::string text) {
    constexpr std::string_view kAnonymous = "(anonymous namespace)::";
    for (std::size_t at = 0; (at = text.find(kAnonymous, at)) != std::string::npos;)
        text.erase(at, kAnonymous.size());
    return base::clean_line(text);
}

bool any_of(const Picture& picture, bool (*property)(const drive::ThreadView&)) {
    return std::any_of(picture.threads.begin(), picture.threads.end(), property);
}

// The column says nothing of any thread of this process.
bool is_empty(ThreadKey key, const Picture& picture) {
    using View = const drive::ThreadView&;
    switch (key) {
        case ThreadKey::start:
            return !any_of(picture, [](View thread) { return !thread.start.empty(); });
        case ThreadKey::path:
            return !picture.agent;
        case ThreadKey::holds:
            return !any_of(picture, [](View thread) { return !thread.holding.empty(); });
        case ThreadKey::faults:
            return !any_of(picture, [](View thread) { return thread.faults != 0; });
        default:
            return false;
    }
}

class Widths {
public:
    Widths(const Picture& picture, const View& view, std::span<const Line> lines,
           const ThreadNames& names, std::size_t width)
        : picture_(picture), lines_(lines), names_(names), left_(width + kGap) {
        const bool tree = view.page == Page::tree;
        reserve(0, 0);
        // What threads do and what is done to them, as far as that is usual; the rest is a bonus.
        reserve(1, kMain);
        widen(tree ? 0 : 1, kMain, true);
        reserve(kMain + 1, kLast);
        widen(kMain + 1, kLast, true);
        widen(1, kLast, false);
    }

    std::vector<Column> columns() const {
        std::vector<Column> columns;
        for (std::size_t i = 0; i < kKinds.size(); ++i) {
            const Kind& kind = kKinds[i];
            if (widths_[i] != 0) columns.push_back({kind.key, kind.title, widths_[i], kind.right});
        }
        return columns;
    }

private:
    static constexpr int kMain = 4;
    static constexpr int kLast = 6;
    static constexpr std::size_t kWidestName = 30;

    template <typename Function>
    static void each(int first, int last, const Function& function) {
        for (int importance = first; importance <= last; ++importance) {
            for (std::size_t i = 0; i < kKinds.size(); ++i) {
                if (kKinds[i].importance == importance) function(i, kKinds[i]);
            }
        }
    }

    void reserve(int first, int last) {
        each(first, last, [&](std::size_t i, const Kind& kind) {
            const std::size_t cost = kind.least + kGap;
            if (is_empty(kind.key, picture_) || (kind.importance > 0 && left_ < cost)) return;
            widths_[i] = kind.least;
            left_ -= std::min(left_, cost);
        });
    }

    // Up to what the lines have to say.
    void widen(int first, int last, bool within_bounds) {
        each(first, last, [&](std::size_t i, const Kind& kind) {
            if (widths_[i] == 0 || left_ == 0) return;
            if (kind.importance == 0 && kind.key != ThreadKey::name) return;
            std::size_t wanted = kind.title.size();
            for (const Line& line : lines_)
                wanted = std::max(wanted, display_width(cell_text(kind.key, line, names_)));
            if (within_bounds)
                wanted = std::min(wanted, kind.importance == 0 ? kWidestName : kind.most);
            const std::size_t more = std::min(left_, wanted - std::min(wanted, widths_[i]));
            widths_[i] += more;
            left_ -= more;
        });
    }

    const Picture& picture_;
    const std::span<const Line> lines_;
    const ThreadNames& names_;
    std::size_t left_;
    std::array<std::size_t, kKinds.size()> widths_{};
};

}  // namespace

std::string cell_text(ThreadKey key, const Line& line, const ThreadNames& names) {
    const drive::ThreadView& thread = *line.thread;
    switch (key) {
        case ThreadKey::tid:
            return std::to_string(thread.tid);
        case ThreadKey::name:
            return line.branch + base::clean_line(thread.name);
        case ThreadKey::state:
            return std::string(1, thread.state);
        case ThreadKey::cpu:
            return formatted("{:.1f}", line.percent);
        case ThreadKey::age:
            return age_text(thread.age_seconds);
        case ThreadKey::start:
            return plain_name(observe::without_parameters(thread.start));
        case ThreadKey::path:
            return thread.path;
        case ThreadKey::waiting:
            return plain_name(waiting_text(thread, names));
        case ThreadKey::holds:
            return plain_name(holding_text(thread));
        case ThreadKey::faults:
            return faults_text(thread);
        case ThreadKey::created:
            break;
    }
    return {};
}

std::vector<Column> columns_for(const Picture& picture, const View& view,
                                std::span<const Line> lines, const ThreadNames& names,
                                std::size_t width) {
    return Widths(picture, view, lines, names, width).columns();
}

}  // namespace threadfault::cli::top
