// The memory of a process that has ended, as far as its files contain it: code and constants as
// they stand there, data as the loader has relocated it before the program began. What the program
// has written since is not known.
#ifndef THREADFAULT_DIAGNOSE_REMAINS_HPP
#define THREADFAULT_DIAGNOSE_REMAINS_HPP

#include "observe/maps.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace threadfault::diagnose {

// Not thread-safe. Files are opened when something of them is read, and must be those that the
// process had loaded.
class Remains {
public:
    // The inode numbers of `maps` are the order in which the files were loaded: the loader looks
    // symbols up in it (ld.so(8); interposed names are the first one's).
    explicit Remains(observe::Maps maps);
    ~Remains();
    Remains(const Remains&) = delete;
    Remains& operator=(const Remains&) = delete;

    // False: in no file.
    bool read(std::uint64_t address, void* buffer, std::size_t length);

private:
    class Module;
    Module* module_of(const observe::Mapping& mapping);
    void relocate(Module& module, std::uint64_t address, unsigned char* buffer, std::size_t length);
    // 0: no module has it. `but` is skipped; may be nullptr.
    std::uint64_t find_symbol(std::string_view name, const Module* but);

    observe::Maps maps_;
    std::map<std::uint64_t, std::unique_ptr<Module>> modules_;  // by inode; nullptr: not readable
};

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_REMAINS_HPP
