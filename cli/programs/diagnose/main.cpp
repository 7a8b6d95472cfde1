// threadfault-diagnose: the commands that need libdw and libunwind. The threadfault command becomes
// this program; it takes the same words.
#include "command_line.hpp"
#include "programs/diagnose/explain_death.hpp"
#include "programs/diagnose/frames.hpp"
#include "programs/diagnose/name_data.hpp"
#include "programs/diagnose/safe_points.hpp"
#include "programs/diagnose/spin_places.hpp"
#include "standard_streams.hpp"

#include <string_view>

int main(int argc, char** argv) {
    threadfault::cli::occupy_closed_streams();
    if (argc == 2 && std::string_view(argv[1]) == "__explain-death") {
        return threadfault::cli::explain_death();
    }
    if (argc == 2 && std::string_view(argv[1]) == "__name-data") {
        return threadfault::cli::name_data();
    }
    if (argc == 2 && std::string_view(argv[1]) == "__safe-points") {
        return threadfault::cli::safe_points();
    }
    if (argc == 2 && std::string_view(argv[1]) == "__frames") {
        return threadfault::cli::frames();
    }
    if (argc == 2 && std::string_view(argv[1]) == "__spin-places") {
        return threadfault::cli::spin_places();
    }
    return threadfault::cli::run_command_line(argc, argv);
}
