#include "observe/dynamic_section.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace threadfault::observe {
namespace {

constexpr std::size_t kMostSegments = 64;
constexpr std::size_t kMostDynamic = 256;

}  // namespace

std::uint64_t DynamicSection::value(std::int64_t tag) const {
    const auto entry = entries.find(tag);
    return entry == entries.end() ? 0 : entry->second;
}

std::uint64_t DynamicSection::address_of(std::int64_t tag) const {
    const std::uint64_t address = value(tag);
    if (address == 0) return 0;
    // glibc relocates most of these entries in place, in the process and not in the file.
    return address < bias ? address + bias : address;
}

std::optional<DynamicSection> read_dynamic_section(const ReadMemory& read, std::uint64_t base) {
    Elf64_Ehdr header;
    if (!read(base, &header, sizeof header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        return std::nullopt;
    }
    std::vector<Elf64_Phdr> segments(std::min<std::size_t>(header.e_phnum, kMostSegments));
    if (!read(base + header.e_phoff, segments.data(), segments.size() * sizeof segments[0])) {
        return std::nullopt;
    }
    DynamicSection section;
    std::uint64_t begin = 0;
    std::size_t count = 0;
    bool loaded = false;
    for (const Elf64_Phdr& segment : segments) {
        if (segment.p_type == PT_DYNAMIC) {
            begin = segment.p_vaddr;
            count = std::min<std::size_t>(segment.p_memsz / sizeof(Elf64_Dyn), kMostDynamic);
        }
        if (segment.p_type != PT_LOAD || loaded) continue;
        loaded = true;
        section.bias = base + segment.p_offset - segment.p_vaddr;
    }
    std::vector<Elf64_Dyn> entries(count);
    if (count == 0 || !loaded ||
        !read(section.bias + begin, entries.data(), count * sizeof entries[0])) {
        return std::nullopt;
    }
    for (const Elf64_Dyn& entry : entries) {
        if (entry.d_tag == DT_NULL) break;
        section.entries[entry.d_tag] = entry.d_un.d_val;
    }
    return section;
}

}  // namespace threadfault::observe
