#include "programs/diagnose/name_data.hpp"

#include "diagnose/symbolizer.hpp"
#include "format/format.hpp"
#include "render/text.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>

#include <iostream>

namespace threadfault::cli {

int name_data() try {
    pid_t pid = 0;
    if (!(std::cin >> pid)) return 1;
    const observe::Process process(pid);
    const observe::Maps maps(process);
    diagnose::Symbolizer symbolizer(process, maps);
    std::string out;
    for (std::uint64_t address = 0; std::cin >> address;) {
        const auto place = symbolizer.data_at(address);
        if (!place) continue;
        out += formatted("{} {} {} {}\n", address, place->members.empty() ? "-" : place->members,
                         place->line, place->file.substr(place->file.rfind('/') + 1));
    }
    print_out(out);
    return 0;
} catch (const Error&) {
    return 1;  // it ended meanwhile
}

}  // namespace threadfault::cli
