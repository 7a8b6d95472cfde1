#include "observe/functions.hpp"

#include "base/descriptor.hpp"
#include "observe/elf_file.hpp"
#include "observe/elf_symbols.hpp"
#include "observe/symbols.hpp"

#include <fcntl.h>

namespace threadfault::observe {

std::vector<FunctionRange> functions_named(
    const std::string& file, const std::function<bool(const std::string& name)>& is_meant) {
    std::vector<FunctionRange> found;
    base::Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!descriptor) return found;
    const auto elf = ElfFile::read(std::move(descriptor));
    if (!elf) return found;
    ElfSymbols symbols;
    symbols.add(*elf);
    for (const ElfSymbols::Entry& entry : symbols.entries()) {
        if (!entry.is_function || entry.size == 0) continue;
        if (!found.empty() && found.back().begin == entry.address) continue;
        if (!is_meant(without_parameters(demangle(symbols.name(entry))))) continue;
        found.push_back({entry.address, entry.address + entry.size});
    }
    return found;
}

}  // namespace threadfault::observe
