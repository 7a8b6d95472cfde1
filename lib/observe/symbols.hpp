// Names for addresses of another process, from the ELF symbol tables (.symtab, .dynsym, and a
// separate debug file found by build-id). No line numbers here: those need libdw.
#ifndef THREADFAULT_OBSERVE_SYMBOLS_HPP
#define THREADFAULT_OBSERVE_SYMBOLS_HPP

#include "observe/maps.hpp"

#include <memory>
#include <optional>
#include <string>

namespace threadfault::observe {

struct Symbol {
    std::string name;                 // demangled; "" where no symbol covers the address
    std::string module;               // file name without directories; "" outside any file
    std::uint64_t offset = 0;         // from the symbol's start, or, without a name, in the module
    std::uint64_t module_offset = 0;  // link-time address in the module
    std::uint64_t size = 0;           // of the whole function or object; 0 unknown
    bool is_function = false;
};

// "name", "name+0x12", "module+0x1234" or "0x...".
std::string to_string(const Symbol& symbol, std::uint64_t address);

// The function's name without its parameters and return type ("ns::Class::run"), as globs match it.
std::string without_parameters(std::string_view demangled);
// Does it only say whether code or data begins there (ELF for the Arm 64-bit architecture, 5.5.4)?
bool is_mapping_symbol(std::string_view name);

// Demangles a C++ or Rust (v0 is left as it is) name; other names come back unchanged.
std::string demangle(const char* mangled);

class Symbols {
public:
    // Files are opened lazily through process.root_path(), each once.
    explicit Symbols(const Process& process);
    ~Symbols();
    Symbols(const Symbols&) = delete;
    Symbols& operator=(const Symbols&) = delete;

    // Never fails: what is not known stays empty. Results are cached by address.
    const Symbol& resolve(std::uint64_t address);

    // Address of a defined symbol in the process, looked up in one module ("libc.so.6") or, with
    // "", in every module.
    std::optional<std::uint64_t> address_of(std::string_view module_prefix, std::string_view name);

    const Maps& maps() const noexcept;

private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_SYMBOLS_HPP
