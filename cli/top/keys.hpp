// What a key does: it changes the view, or asks for something to be done.
#ifndef THREADFAULT_CLI_TOP_KEYS_HPP
#define THREADFAULT_CLI_TOP_KEYS_HPP

#include "base/fault.hpp"
#include "top/view.hpp"

#include <string>

namespace threadfault::cli::top {

struct Key {
    enum Kind {
        character,
        up,
        down,
        page_up,
        page_down,
        home,
        end,
        enter,
        escape,
        backspace,
        other,
    };
    Kind kind = character;
    std::string text = {};  // of a character, in UTF-8
};

struct Request {
    enum Kind { nothing, quit, open, inflict, undo_all, forecast };
    Kind kind = nothing;
    Chosen thread = {};  // of `open`, the process
    base::Fault fault{};
    unsigned percent = 0;
    int signal = 0;
};

Request press(View& view, const Picture& picture, const Key& key);

}  // namespace threadfault::cli::top

#endif  // THREADFAULT_CLI_TOP_KEYS_HPP
