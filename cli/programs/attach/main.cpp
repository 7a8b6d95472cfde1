// threadfault-attach: the guardian of one attached process. `threadfault attach` starts it and
// reads one line from it: "attached", or what went wrong.
#include "attach/service.hpp"

#include "format/format.hpp"
#include "render/text.hpp"
#include "threadfault/error.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

using namespace threadfault;

// The command that has started us goes on; so that nobody has to reap us, our parent ends at once.
bool become_orphan() {
    const pid_t child = fork();
    if (child != 0) _exit(child < 0 ? 1 : 0);
    setsid();
    return true;
}

void say(const std::string& line) {
    cli::write_all(STDOUT_FILENO, line);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDOUT_FILENO);
    close(null);
}

}  // namespace

// PID [--for NANOSECONDS] [--until-idle] [--until-deserted]
int main(int argc, char** argv) {
    if (argc < 2) return 2;
    attach::ServiceOptions options;
    for (int i = 2; i < argc; ++i) {
        if (std::strcmp(argv[i], "--until-idle") == 0) options.until_idle = true;
        if (std::strcmp(argv[i], "--until-deserted") == 0) options.until_deserted = true;
        if (std::strcmp(argv[i], "--for") == 0 && i + 1 < argc) {
            options.time = std::chrono::nanoseconds(std::atoll(argv[++i]));
        }
    }
    become_orphan();
    std::signal(SIGPIPE, SIG_IGN);
    // A thread stands still while we wait for a CPU: where we may, we do not wait.
    setpriority(PRIO_PROCESS, 0, -10);
    prctl(PR_SET_TIMERSLACK, 1);
    try {
        const observe::Process process(std::atoi(argv[1]));
        attach::ControlSocket socket(process.pid());
        attach::Attachment attachment(process);
        attach::Service service(process, socket, attachment, options);
        try {
            say("attached\n");
        } catch (const Error&) {
            // Nobody is there any more who wanted it: the process is let go at once.
            raise(SIGTERM);
        }
        service.run();
        return 0;
    } catch (const Error& error) {
        say(formatted("error {}\n{}\n{}\n", static_cast<int>(error.error_code()), error.what(),
                      error.advice()));
    } catch (const std::exception& error) {
        say(formatted("error {}\n{}\n\n", static_cast<int>(ErrorCode::internal), error.what()));
    }
    return 1;
}
