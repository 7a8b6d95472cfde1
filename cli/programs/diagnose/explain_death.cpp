#include "programs/diagnose/explain_death.hpp"

#include "diagnose/forecast.hpp"
#include "diagnose/remains.hpp"
#include "drive/faults/last_look.hpp"
#include "observe/proc_file.hpp"
#include "render/text.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace threadfault::cli {

int explain_death() {
    const auto bytes = observe::read_whole_file(AT_FDCWD, "/proc/self/fd/0");
    const auto look = bytes ? drive::parse_last_look(*bytes) : std::nullopt;
    if (!look) return 1;
    diagnose::Remains remains(observe::Maps(observe::parse_maps(look->maps)));
    diagnose::Backtraces backtraces(look->maps,
                                    [&](std::uint64_t address, void* buffer, std::size_t length) {
                                        return remains.read(address, buffer, length);
                                    });
    const diagnose::Backtrace trace = backtraces.name(look->frames);
    print_out(diagnose::cause_of_abort(backtraces, trace) + "\n");
    return 0;
}

}  // namespace threadfault::cli
