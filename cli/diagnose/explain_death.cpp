#include "diagnose/explain_death.hpp"

#include "diagnose/forecast.hpp"
#include "drive/last_look.hpp"
#include "observe/proc_file.hpp"
#include "render/text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <map>

namespace threadfault::cli {
namespace {

// What was kept, and for the rest the files that were mapped there.
class Remains {
public:
    explicit Remains(const drive::LastLook& look)
        : look_(look), maps_(observe::parse_maps(look.maps)) {}

    bool read(std::uint64_t address, void* buffer, std::size_t length) {
        for (const drive::KeptBytes& one : look_.kept) {
            const std::uint64_t at = address - one.address;
            if (address < one.address || at >= one.bytes.size()) continue;
            if (one.bytes.size() - at < length) continue;
            std::memcpy(buffer, one.bytes.data() + at, length);
            return true;
        }
        const observe::Mapping* const mapping = maps_.find(address);
        if (mapping == nullptr || mapping->deleted || mapping->writable || mapping->path.empty() ||
            mapping->path.front() != '/') {
            return false;
        }
        const auto [file, fresh] = files_.try_emplace(mapping->path, -1);
        if (fresh) {
            file->second =
                observe::Descriptor(open(mapping->path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        }
        const std::uint64_t offset = address - mapping->begin + mapping->offset;
        std::memset(buffer, 0, length);  // behind a file's end its last page is zero
        return pread(file->second.get(), buffer, length, static_cast<off_t>(offset)) > 0;
    }

private:
    const drive::LastLook& look_;
    observe::Maps maps_;
    std::map<std::string, observe::Descriptor> files_;
};

}  // namespace

int explain_death() {
    const auto bytes = observe::read_whole_file(AT_FDCWD, "/proc/self/fd/0");
    const auto look = bytes ? drive::parse_last_look(*bytes) : std::nullopt;
    if (!look) return 1;
    Remains remains(*look);
    diagnose::Backtraces backtraces(look->maps,
                                    [&](std::uint64_t address, void* buffer, std::size_t length) {
                                        return remains.read(address, buffer, length);
                                    });
    diagnose::Snapshot snapshot;
    snapshot.via = diagnose::Via::agent;
    snapshot.registers = look->registers;
    snapshot.stack.assign(look->kept.front().bytes.begin(), look->kept.front().bytes.end());
    const diagnose::Backtrace trace = backtraces.unwind({}, snapshot, 1000);
    write_all(STDOUT_FILENO, diagnose::cause_of_abort(backtraces, trace) + "\n");
    return 0;
}

}  // namespace threadfault::cli
