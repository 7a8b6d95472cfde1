// Journals of sweeps, which --resume and `report merge` read.
#include "fuzz.hpp"
#include "sweep/ledger.hpp"
#include "threadfault/error.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

using namespace threadfault;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const int file = ::memfd_create("journal", MFD_CLOEXEC);
    static const std::string path = "/proc/self/fd/" + std::to_string(file);
    if (::ftruncate(file, 0) != 0) std::abort();
    if (::pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
    try {
        const sweep::Ledger ledger = sweep::read_journal(path);
        sweep::header_line(ledger);
        for (const sweep::Point& point : ledger.census.points)
            sweep::point_line(point);
    } catch (const Error&) {
        return 0;
    }
    return 0;
}
