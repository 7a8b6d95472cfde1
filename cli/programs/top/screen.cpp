#include "programs/top/screen.hpp"

#include "format/format.hpp"
#include "threadfault/error.hpp"

// Plain functions, no macros of names like erase() and move().
#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

// Of term.h, which defines `lines`, `columns` and hundreds of other words as macros.
extern "C" int setupterm(const char* term, int descriptor, int* error);
extern "C" char* tigetstr(const char* capability);

namespace threadfault::cli::top {
namespace {

// A terminal that is known, and whose cursor can be sent anywhere.
bool can_draw() {
    int error = 0;
    if (setupterm(nullptr, STDOUT_FILENO, &error) != OK) return false;
    const char* const move = tigetstr("cup");
    return move != nullptr && std::strlen(move) > 0;
}

enum Pair : short { green = 1, yellow, red };

attr_t attributes_of(Look look, bool color) {
    switch (look) {
        case Look::plain:
            return A_NORMAL;
        case Look::dim:
            return A_DIM;
        case Look::strong:
            return A_BOLD;
        case Look::heading:
            return A_BOLD | A_UNDERLINE;
        case Look::selected:
            return A_REVERSE;
        case Look::good:
            return color ? COLOR_PAIR(Pair::green) : A_NORMAL;
        case Look::warning:
            return color ? COLOR_PAIR(Pair::yellow) : A_BOLD;
        case Look::bad:
            return color ? A_BOLD | COLOR_PAIR(Pair::red) : A_BOLD;
    }
    return A_NORMAL;
}

// A locale that is named but not installed still tells how the terminal is written to.
void set_locale(bool unicode) {
    const bool set = setlocale(LC_CTYPE, "") != nullptr;
    if (unicode && (!set || std::string_view(nl_langinfo(CODESET)) != "UTF-8"))
        setlocale(LC_CTYPE, "C.UTF-8");
}

std::string utf8(wint_t character) {
    const auto code = static_cast<char32_t>(character);
    const auto tail = [code](unsigned shift) {
        return static_cast<char>(0x80U | ((code >> shift) & 0x3fU));
    };
    if (code < 0x80) return {static_cast<char>(code)};
    if (code < 0x800) return {static_cast<char>(0xc0U | (code >> 6U)), tail(0)};
    if (code < 0x10000) return {static_cast<char>(0xe0U | (code >> 12U)), tail(6), tail(0)};
    return {static_cast<char>(0xf0U | (code >> 18U)), tail(12), tail(6), tail(0)};
}

Key::Kind kind_of_function_key(wint_t key) {
    switch (key) {
        case KEY_UP:
            return Key::up;
        case KEY_DOWN:
            return Key::down;
        case KEY_PPAGE:
            return Key::page_up;
        case KEY_NPAGE:
            return Key::page_down;
        case KEY_HOME:
            return Key::home;
        case KEY_END:
            return Key::end;
        case KEY_ENTER:
            return Key::enter;
        case KEY_BACKSPACE:
            return Key::backspace;
        default:
            return Key::other;
    }
}

Key key_of_character(wint_t character) {
    constexpr wint_t kEscape = 27;
    constexpr wint_t kDelete = 127;
    if (character == '\n' || character == '\r') return {Key::enter};
    if (character == kEscape) return {Key::escape};
    if (character == kDelete || character == '\b') return {Key::backspace};
    if (character < ' ') return {Key::other};
    return {Key::character, utf8(character)};
}

}  // namespace

Screen::Screen(Options options) : options_(options) {
    const char* const hint = "use --once for one picture as text";
    if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
        throw Error(ErrorCode::usage, "top: standard input and output are no terminal", hint);
    set_locale(options.unicode);
    // The bytes of a function key come together even over a slow line, and Escape alone is soon
    // seen.
    set_escdelay(100);
    if (!can_draw() || newterm(nullptr, stdout, stdin) == nullptr) {
        const char* const term = std::getenv("TERM");
        throw Error(ErrorCode::usage,
                    formatted("top: the terminal \"{}\" is not known, or can't move its cursor",
                              term != nullptr ? term : ""),
                    formatted("set TERM, for example TERM=xterm; or {}", hint));
    }
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);
    if (options.color && has_colors()) {
        start_color();
        use_default_colors();
        init_pair(Pair::green, COLOR_GREEN, -1);
        init_pair(Pair::yellow, COLOR_YELLOW, -1);
        init_pair(Pair::red, COLOR_RED, -1);
    }
}

Screen::~Screen() {
    endwin();
}

Size Screen::size() const {
    const int rows = getmaxy(stdscr);
    const int columns = getmaxx(stdscr);
    return {static_cast<std::size_t>(rows > 0 ? rows : 1),
            static_cast<std::size_t>(columns > 0 ? columns : 1)};
}

void Screen::draw(const Grid& grid) {
    ::erase();
    const bool color = options_.color && has_colors();
    const auto is_ascii = [](const std::string& text) {
        return text.size() == 1 && static_cast<unsigned char>(text.front()) < 0x80;
    };
    for (std::size_t row = 0; row < grid.size().rows; ++row) {
        for (std::size_t column = 0; column < grid.size().columns; ++column) {
            const Cell& cell = grid.at(row, column);
            const bool blank = cell.text == " " && cell.look == Look::plain;
            if (cell.text.empty() || blank) continue;
            attrset(static_cast<int>(attributes_of(cell.look, color)));
            // By its place: what the terminal takes for wider or narrower moves nothing else.
            const bool known = options_.unicode || is_ascii(cell.text);
            mvaddstr(static_cast<int>(row), static_cast<int>(column),
                     known ? cell.text.c_str() : "?");
        }
    }
    attrset(A_NORMAL);
    refresh();
}

std::optional<Key> Screen::read_key() {
    wint_t character = 0;
    const int kind = get_wch(&character);
    if (kind == ERR) return std::nullopt;
    if (kind == KEY_CODE_YES) return Key{kind_of_function_key(character)};
    return key_of_character(character);
}

void Screen::suspend() {
    def_prog_mode();
    endwin();
    struct sigaction ours {};
    struct sigaction usual {};
    usual.sa_handler = SIG_DFL;
    sigaction(SIGTSTP, &usual, &ours);
    sigset_t stop;
    sigset_t before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    kill(getpid(), SIGTSTP);
    // Stops here, until SIGCONT.
    sigprocmask(SIG_UNBLOCK, &stop, &before);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    sigaction(SIGTSTP, &ours, nullptr);
    take_again();
}

void Screen::take_again() {
    reset_prog_mode();
    clearok(curscr, TRUE);
    refresh();
}

}  // namespace threadfault::cli::top
