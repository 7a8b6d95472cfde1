// ELF files, as a hostile target may map them.
#include "fuzz.hpp"
#include "observe/elf_file.hpp"
#include "observe/elf_symbols.hpp"

#include <vector>

using namespace threadfault::observe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = ElfFile::from_image(std::vector<char>(data, data + size));
    if (!file) return 0;
    file->header();
    file->program_headers();
    file->has_section_of_type(SHT_SYMTAB);
    file->section(".debug_info");
    file->build_id();
    file->debug_link();
    file->interpreter();
    file->needed();
    ElfSymbols symbols;
    symbols.add(*file);
    for (const ElfSymbols::Entry& entry : symbols.entries())
        symbols.address_of(symbols.name(entry));
    symbols.find(0x1000);
    return 0;
}
