// The static command's side of `top`: it becomes the program that has ncurses, with the same words.
#include "commands/top.hpp"
#include "drive/programs/find_helper.hpp"
#include "threadfault/error.hpp"

namespace threadfault::cli {

int run_top(const TopOptions&, const Invocation& invocation) {
#ifdef THREADFAULT_HAVE_CURSES
    drive::become_helper("threadfault-top", invocation.given);
#else
    static_cast<void>(invocation);
    throw Error(ErrorCode::no_helper, "this threadfault was built without `top`",
                "install libncurses-dev and build it again; `threadfault ps PID` shows the threads "
                "once");
#endif
}

}  // namespace threadfault::cli
