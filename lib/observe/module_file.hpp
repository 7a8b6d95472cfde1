// Internal to lib/observe: opening the very file that a mapping of another process shows, and its
// separate debug file.
#ifndef THREADFAULT_OBSERVE_MODULE_FILE_HPP
#define THREADFAULT_OBSERVE_MODULE_FILE_HPP

#include "base/descriptor.hpp"
#include "observe/elf_file.hpp"
#include "observe/maps.hpp"
#include "observe/memory.hpp"

#include <optional>
#include <string>

namespace threadfault::observe {

// Opens a regular file as the process whose root directory `root_fd` is would open it: absolute
// symbolic links in a container's tree stay in that tree. Never opens devices or pipes.
base::Descriptor open_regular_in_root(int root_fd, const std::string& path);

// Where the files of one process are found.
class ModuleFiles {
public:
    explicit ModuleFiles(const Process& process);

    // The mapped file: through map_files where the kernel lets us, else by its path, which must
    // then lead to the same inode or to a file that begins with the bytes that are mapped: a
    // program that was replaced on disk must not lend its names to the one that runs.
    std::optional<ElfFile> open(const Mapping& mapping) const;

    // By build-id, then by .gnu_debuglink with its checksum, below the process's root and ours.
    std::optional<ElfFile> open_debug_file(const ElfFile& file, const std::string& path) const;

private:
    bool is_the_mapped_file(int fd, const Mapping& mapping) const;

    std::string map_files_;
    std::string exe_;
    base::Descriptor root_;
    base::Descriptor own_root_;
    Memory memory_;
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_MODULE_FILE_HPP
