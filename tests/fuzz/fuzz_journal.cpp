// Journals of storms.
#include "drive/storm/journal.hpp"
#include "fuzz.hpp"
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
        for (const drive::StormStep& step : drive::read_storm_journal(path).steps)
            drive::to_json_line(step);
    } catch (const Error&) {
        return 0;
    }
    return 0;
}
