// Function, file, line and inlined calls for code addresses of a process, by libdw.
#ifndef THREADFAULT_DIAGNOSE_SYMBOLIZER_HPP
#define THREADFAULT_DIAGNOSE_SYMBOLIZER_HPP

#include "observe/maps.hpp"
#include "observe/process.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace threadfault::diagnose {

// One function at an address; several where calls were inlined.
struct SourceLine {
    std::string function;  // demangled; "" unknown
    std::string file;      // as the compiler wrote it; "" unknown
    int line = 0;
    bool inlined = false;  // into the next one
};

struct CodePlace {
    std::vector<SourceLine> lines;  // innermost first; never empty
    std::string module;             // file name without directories; "" outside any file
    std::uint64_t offset = 0;       // link-time address in the module
    std::string build_id;           // hexadecimal; "" without one
};

// A global variable, and what of it lies at an address.
struct DataPlace {
    std::string members;  // ".mutex", "[3].lock"; "" the variable itself
    std::string file;     // where it is declared; "" unknown
    int line = 0;
};

// Not thread-safe. Names of program and libraries are kept on disk by build-id (below
// $XDG_CACHE_HOME or ~/.cache), so that the next run need not open the debug information again.
class Symbolizer {
public:
    Symbolizer(const observe::Process& process, const observe::Maps& maps);
    // Of a process that has ended, from the text of its /proc/<pid>/maps and the files it names.
    Symbolizer(std::string maps_text, const observe::Maps& maps);
    ~Symbolizer();
    Symbolizer(const Symbolizer&) = delete;
    Symbolizer& operator=(const Symbolizer&) = delete;

    // Never fails: what is not known stays empty. The reference is good as long as the object is.
    const CodePlace& at(std::uint64_t address);
    // As the symbol table has it: "_Z3runi.cold"; "" unknown.
    std::string symbol_at(std::uint64_t address);
    // Needs debug information: a symbol table knows no members and no lines.
    std::optional<DataPlace> data_at(std::uint64_t address);
    // Of a function or object that a module defines, as it stands in the symbol table.
    std::optional<std::uint64_t> address_of(std::string_view name);

private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_SYMBOLIZER_HPP
