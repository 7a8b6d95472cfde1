// The terminal: cells out, keys in. As it was before when the object is gone.
#ifndef THREADFAULT_CLI_PROGRAMS_TOP_SCREEN_HPP
#define THREADFAULT_CLI_PROGRAMS_TOP_SCREEN_HPP

#include "top/grid.hpp"
#include "top/keys.hpp"

#include <optional>

namespace threadfault::cli::top {

class Screen {
public:
    struct Options {
        bool color = true;
        bool unicode = true;
    };
    // Throws Error{usage} where the standard streams are no terminal that ncurses knows.
    explicit Screen(Options options);
    ~Screen();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    Size size() const;
    void draw(const Grid& grid);
    // What has been typed, key by key; nothing: no more so far.
    std::optional<Key> read_key();

    // Gives the terminal back, stops this process as Ctrl-Z asks, and takes it again when the
    // process continues.
    void suspend();
    // Somebody else may have used the terminal meanwhile.
    void take_again();

private:
    const Options options_;
};

}  // namespace threadfault::cli::top

#endif  // THREADFAULT_CLI_PROGRAMS_TOP_SCREEN_HPP
