#include "observe/import_names.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <map>

namespace threadfault::observe {
namespace {

// More than the largest programs have.
constexpr std::uint64_t kMostRelocations = 1'000'000;
constexpr std::size_t kAtOnce = 1024;
constexpr int kMostSegments = 64;
constexpr int kMostDynamic = 256;
constexpr std::size_t kLongestName = 4096;

}  // namespace

const std::string& ImportNames::at(std::uint64_t base, std::uint64_t slot) {
    const auto [name, fresh] = names_.try_emplace(slot);
    if (!fresh) return name->second;
    auto known = modules_.find(base);
    if (known == modules_.end()) known = modules_.emplace(base, load(base)).first;
    const Module& module = known->second;
    const auto found = module.slots.find(slot);
    if (found != module.slots.end()) name->second = name_of(module, found->second);
    return name->second;
}

ImportNames::Module ImportNames::load(std::uint64_t base) const {
    Module module;
    Elf64_Ehdr header;
    if (!read_(base, &header, sizeof header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        return module;
    }
    std::uint64_t bias = 0;
    std::uint64_t dynamic = 0;
    bool loaded = false;
    for (int i = 0; i < std::min<int>(header.e_phnum, kMostSegments); ++i) {
        Elf64_Phdr segment;
        const std::uint64_t offset = static_cast<std::uint64_t>(i) * sizeof segment;
        if (!read_(base + header.e_phoff + offset, &segment, sizeof segment)) return module;
        if (segment.p_type == PT_DYNAMIC) dynamic = segment.p_vaddr;
        if (segment.p_type != PT_LOAD || loaded) continue;
        loaded = true;
        bias = base + segment.p_offset - segment.p_vaddr;
    }
    if (dynamic == 0 || !loaded) return module;
    std::map<std::int64_t, std::uint64_t> entries;  // by tag
    for (int i = 0; i < kMostDynamic; ++i) {
        Elf64_Dyn entry;
        const std::uint64_t offset = static_cast<std::uint64_t>(i) * sizeof entry;
        if (!read_(bias + dynamic + offset, &entry, sizeof entry) || entry.d_tag == DT_NULL) break;
        entries[entry.d_tag] = entry.d_un.d_val;
    }
    // glibc relocates these entries in place, in the process and not in the file.
    const auto address_of = [&](std::int64_t tag) {
        const auto entry = entries.find(tag);
        if (entry == entries.end()) return std::uint64_t{0};
        return entry->second < bias ? entry->second + bias : entry->second;
    };
    module.symbols = address_of(DT_SYMTAB);
    module.strings = address_of(DT_STRTAB);
    if (module.symbols == 0 || module.strings == 0) return module;
    add_table(address_of(DT_JMPREL), entries[DT_PLTRELSZ], bias, module);
    add_table(address_of(DT_RELA), entries[DT_RELASZ], bias, module);
    return module;
}

void ImportNames::add_table(std::uint64_t table, std::uint64_t size, std::uint64_t bias,
                            Module& module) const {
    if (table == 0) return;
    std::uint64_t left = std::min(size / sizeof(Elf64_Rela), kMostRelocations);
    std::vector<Elf64_Rela> relocations;
    while (left > 0) {
        relocations.resize(std::min<std::uint64_t>(left, kAtOnce));
        const std::size_t bytes = relocations.size() * sizeof relocations[0];
        if (!read_(table, relocations.data(), bytes)) return;
        for (const Elf64_Rela& relocation : relocations) {
            const auto type = ELF64_R_TYPE(relocation.r_info);
            if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) continue;
            module.slots.try_emplace(bias + relocation.r_offset,
                                     static_cast<std::uint32_t>(ELF64_R_SYM(relocation.r_info)));
        }
        table += bytes;
        left -= relocations.size();
    }
}

std::string ImportNames::name_of(const Module& module, std::uint32_t symbol) const {
    Elf64_Sym entry;
    if (!read_(module.symbols + std::uint64_t{symbol} * sizeof entry, &entry, sizeof entry)) {
        return {};
    }
    std::string name;
    for (char character = 0; name.size() < kLongestName; name += character) {
        const std::uint64_t at = module.strings + entry.st_name + name.size();
        if (!read_(at, &character, 1) || character == '\0') break;
    }
    return name;
}

}  // namespace threadfault::observe
