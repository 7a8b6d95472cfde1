// What the command line says.
#ifndef OBJECT_LOADER_OPTIONS_HPP
#define OBJECT_LOADER_OPTIONS_HPP

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace object_loader {

enum class Strategy { service, self_aware, per_load };
enum class Hooks { none, async, sync };

const char* name_of(Strategy strategy);

struct Options {
    bool robust = false;
    std::vector<Strategy> strategies{Strategy::service, Strategy::self_aware, Strategy::per_load};
    Hooks hooks = Hooks::async;
    std::uint32_t workload = 10'000;
    unsigned bound = 64;
    unsigned clients = 4;
    std::chrono::nanoseconds read_time{0};
    std::chrono::nanoseconds publish_time{0};
    std::string directory;  // empty: one of its own
};

// Ends the process after --help (0) and after a usage error (2).
Options parse_options(int argc, char** argv);

}  // namespace object_loader

#endif  // OBJECT_LOADER_OPTIONS_HPP
