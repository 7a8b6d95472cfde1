#include "diagnose/eh_tables.hpp"

#include <elf.h>

#include <cstring>

namespace threadfault::diagnose {
namespace {

// DW_EH_PE_*, Linux Standard Base 5.0, 10.5.
constexpr unsigned char kData4Relative = 0x3b;  // sdata4, relative to the header's own address
constexpr unsigned char kPcRelative4 = 0x1b;
constexpr unsigned char kUnsigned4 = 0x03;

}  // namespace

const EhTable* EhTables::find(std::uint64_t ip) {
    const observe::Mapping* const mapping = maps_.find(ip);
    if (mapping == nullptr || !mapping->executable) return nullptr;
    const auto [entry, fresh] = known_.try_emplace(mapping->begin);
    if (fresh) entry->second = read(*mapping);
    return entry->second ? &*entry->second : nullptr;
}

std::optional<EhTable> EhTables::read(const observe::Mapping& code) {
    // The file's first page holds its headers; it is mapped as the lowest of its mappings.
    const observe::Mapping* first = &code;
    for (const observe::Mapping& mapping : maps_.all()) {
        if (mapping.path != code.path || mapping.inode != code.inode || mapping.offset != 0) {
            continue;
        }
        if (mapping.begin <= code.begin) first = &mapping;
    }
    if (code.path.empty() || first->offset != 0) return std::nullopt;
    Elf64_Ehdr header;
    if (!memory_.read(first->begin, &header, sizeof header) ||
        std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > 256) {
        return std::nullopt;
    }
    std::optional<std::uint64_t> lowest;
    std::optional<std::uint64_t> table;
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment;
        if (!memory_.read(first->begin + header.e_phoff + i * sizeof segment, &segment,
                          sizeof segment)) {
            return std::nullopt;
        }
        if (segment.p_type == PT_LOAD && segment.p_offset == 0) {
            lowest = segment.p_vaddr & ~std::uint64_t{4095};
        }
        if (segment.p_type == PT_GNU_EH_FRAME) table = segment.p_vaddr;
    }
    if (!lowest || !table) return std::nullopt;
    EhTable found;
    found.begin = code.begin;
    found.end = code.end;
    found.header = first->begin - *lowest + *table;
    unsigned char encodings[4];  // version, of the pointer to .eh_frame, of the count, of the table
    if (!memory_.read(found.header, encodings, sizeof encodings)) return std::nullopt;
    // All that linkers make. Another form leaves the module without a table.
    if (encodings[0] != 1 || encodings[1] != kPcRelative4 || encodings[2] != kUnsigned4 ||
        encodings[3] != kData4Relative) {
        return std::nullopt;
    }
    std::uint32_t count = 0;
    if (!memory_.read(found.header + 8, &count, sizeof count)) return std::nullopt;
    found.count = count;
    found.entries = found.header + 12;
    return found;
}

}  // namespace threadfault::diagnose
