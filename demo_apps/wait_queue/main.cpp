// wait_queue: a small request service on wait queues like the kernel's.
#include <getopt.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "crew.hpp"
#include "service.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using wait_queue::Mode;

constexpr const char* kHelp =
    "usage: wait_queue [--fragile | --robust] [OPTIONS]\n"
    "\n"
    "Clients (wq-client) put requests into a queue, workers (wq-worker) wait for them "
    "exclusively:\n"
    "each wakeup wakes one of them.\n"
    "\n"
    "  --fragile      cope with no loss of a thread (default)\n"
    "  --robust       unlink waiters in clean-up code, pass lost wakeups on, replace the dead\n"
    "  --workload N   end after N answers for each client: exit 0, or 1 if one is wrong or "
    "missing\n"
    "  --workers N    (4)\n"
    "  --clients N    (1)\n"
    "  --batch N      requests that a client has out at the same time (1)\n"
    "  --pace MS      pause of a client after each batch (1)\n"
    "  --dwell MS     time between a worker's wakeup and its first step; named wq-chosen (0)\n"
    "  --patience S   report a stall after S seconds without an answer (5)\n"
    "  --help         this text\n";

volatile std::sig_atomic_t g_interrupted = 0;

void interrupt(int /*signal*/) {
    g_interrupted = 1;
}

// Looks after the service until it is done, or interrupted. False when it stood still.
bool watch(wait_queue::Service& service, wait_queue::Crew& crew,
           const wait_queue::Options& options) {
    std::uint64_t last = 0;
    auto last_progress = Clock::now();
    auto last_line = last_progress;
    bool stalled = false;
    while (g_interrupted == 0) {
        bool done = true;
        for (int client = 0; client < options.clients; ++client) {
            done = done && service.client_is_done(client);
        }
        if (done) return true;
        if (options.mode == Mode::robust) crew.replace_dead();
        const auto now = Clock::now();
        if (service.answered() != last) {
            last = service.answered();
            last_progress = now;
            stalled = false;
        }
        if (!stalled && now - last_progress > std::chrono::seconds(options.patience_seconds)) {
            std::printf("STALLED: no answer for %d s\n", options.patience_seconds);
            service.report();
            if (options.requests > 0) return false;
            stalled = true;
        }
        if (options.requests == 0 && now - last_line >= std::chrono::seconds(1)) {
            std::printf("%lu answered\n", static_cast<unsigned long>(last));
            last_line = now;
        }
        usleep(10'000);
    }
    return !stalled;
}

int run(const wait_queue::Options& options) {
    wait_queue::Service service(options);
    wait_queue::Crew crew(service, options);
    bool good = watch(service, crew, options);
    // After a stall a lock may be lost: nothing can be wound up.
    if (!good) _exit(1);
    const auto answered = static_cast<unsigned long>(service.answered());
    service.stop();
    if (!crew.join_all(options.patience_seconds)) {
        std::puts("STALLED: a thread does not end");
        _exit(1);
    }
    good = service.answers_are_right();
    std::printf("%lu answered, %s\n", answered, good ? "all right" : "some WRONG");
    return good ? 0 : 1;
}

// Fills in the options; false for a usage error.
bool parse(int argc, char** argv, wait_queue::Options& options, bool& help) {
    static constexpr std::array<option, 11> kOptions{
        option{"fragile", no_argument, nullptr, 'f'},
        option{"robust", no_argument, nullptr, 'r'},
        option{"workload", required_argument, nullptr, 'n'},
        option{"workers", required_argument, nullptr, 'w'},
        option{"clients", required_argument, nullptr, 'c'},
        option{"batch", required_argument, nullptr, 'b'},
        option{"pace", required_argument, nullptr, 'p'},
        option{"dwell", required_argument, nullptr, 'd'},
        option{"patience", required_argument, nullptr, 's'},
        option{"help", no_argument, nullptr, 'h'},
        option{nullptr, 0, nullptr, 0}};
    int letter = 0;
    while ((letter = getopt_long(argc, argv, "h", kOptions.data(), nullptr)) != -1) {
        const int number = optarg == nullptr ? 0 : std::atoi(optarg);
        if (optarg != nullptr && (number < 0 || number > 1'000'000)) return false;
        if (letter == 'f') options.mode = Mode::fragile;
        if (letter == 'r') options.mode = Mode::robust;
        if (letter == 'n') options.requests = number;
        if (letter == 'w') options.workers = number;
        if (letter == 'c') options.clients = number;
        if (letter == 'b') options.batch = number;
        if (letter == 'p') options.pace_milliseconds = number;
        if (letter == 'd') options.dwell_milliseconds = number;
        if (letter == 's') options.patience_seconds = number;
        if (letter == 'h') help = true;
        if (letter == '?') return false;
    }
    return optind == argc && options.workers > 0 && options.clients > 0 && options.batch > 0 &&
           options.patience_seconds > 0;
}

}  // namespace

int main(int argc, char** argv) try {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    wait_queue::Options options;
    bool help = false;
    if (!parse(argc, argv, options, help)) {
        std::fputs(kHelp, stderr);
        return 2;
    }
    if (help) {
        std::fputs(kHelp, stdout);
        return 0;
    }
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, interrupt);
    return run(options);
} catch (const std::exception& error) {
    std::fprintf(stderr, "wait_queue: %s\n", error.what());
    return 1;
}
