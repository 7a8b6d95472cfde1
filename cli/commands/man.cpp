// threadfault __man [COMMAND]: manual pages, for the build.
#include "render/man.hpp"
#include "cli11.hpp"
#include "command.hpp"
#include "commands/commands.hpp"
#include "render/text.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>

namespace threadfault::cli {

void setup_man(CLI::App&, Invocation& invocation) {
    invocation.action = [&invocation] {
        if (invocation.words.empty()) {
            print_out(overview_page());
            return 0;
        }
        const Command* const command = find_command(invocation.words.front());
        if (command == nullptr) throw Error(ErrorCode::usage, "no such command");
        CLI::App app;
        Invocation scratch;
        setup(*command, app, scratch);
        print_out(command_page(*command, app, scratch));
        return 0;
    };
}

}  // namespace threadfault::cli
