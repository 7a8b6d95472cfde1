#include "observe/import_names.hpp"

#include "arch/machine.hpp"

#include <elf.h>

#include <algorithm>

namespace threadfault::observe {
namespace {

// More than the largest programs have.
constexpr std::uint64_t kMostRelocations = 1'000'000;
constexpr std::size_t kAtOnce = 1024;
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
    const auto section = read_dynamic_section(read_, base);
    if (!section) return module;
    module.symbols = section->address_of(DT_SYMTAB);
    module.strings = section->address_of(DT_STRTAB);
    if (module.symbols == 0 || module.strings == 0) return module;
    add_table(section->address_of(DT_JMPREL), section->value(DT_PLTRELSZ), section->bias, module);
    add_table(section->address_of(DT_RELA), section->value(DT_RELASZ), section->bias, module);
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
            if (type != arch::kRelocatedCall && type != arch::kRelocatedSlot) continue;
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
