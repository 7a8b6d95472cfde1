#include "diagnose/imports.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

namespace threadfault::diagnose {
namespace {

// More than the largest programs have.
constexpr std::uint64_t kMostRelocations = 200'000;
constexpr int kMostHeaders = 64;
constexpr int kMostDynamic = 256;

struct Image {
    std::uint64_t bias = 0;
    std::map<std::int64_t, std::uint64_t> dynamic;  // by tag
};

template <typename Record>
bool read(RemoteMemory& memory, std::uint64_t address, Record* record) {
    return memory.read(address, record, sizeof *record);
}

std::optional<Image> image_at(RemoteMemory& memory, std::uint64_t base) {
    Elf64_Ehdr header;
    if (!read(memory, base, &header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        return std::nullopt;
    }
    Image image;
    std::uint64_t dynamic = 0;
    bool loaded = false;
    for (int i = 0; i < std::min<int>(header.e_phnum, kMostHeaders); ++i) {
        Elf64_Phdr segment;
        const std::uint64_t offset = static_cast<std::uint64_t>(i) * sizeof segment;
        if (!read(memory, base + header.e_phoff + offset, &segment)) return std::nullopt;
        if (segment.p_type == PT_DYNAMIC) dynamic = segment.p_vaddr;
        if (segment.p_type != PT_LOAD || loaded) continue;
        loaded = true;
        image.bias = base + segment.p_offset - segment.p_vaddr;
    }
    if (dynamic == 0 || !loaded) return std::nullopt;
    for (int i = 0; i < kMostDynamic; ++i) {
        Elf64_Dyn entry;
        const std::uint64_t offset = static_cast<std::uint64_t>(i) * sizeof entry;
        if (!read(memory, image.bias + dynamic + offset, &entry) || entry.d_tag == DT_NULL) break;
        image.dynamic[entry.d_tag] = entry.d_un.d_val;
    }
    return image;
}

class Imports {
public:
    Imports(RemoteMemory& memory, Image image) : memory_(memory), image_(std::move(image)) {}

    std::string at(std::uint64_t slot) {
        std::string name = in_table(DT_JMPREL, DT_PLTRELSZ, slot);
        if (name.empty()) name = in_table(DT_RELA, DT_RELASZ, slot);
        return name;
    }

private:
    // glibc relocates these entries in place, in the process and not in the file.
    std::uint64_t address_of(std::int64_t tag) const {
        const auto entry = image_.dynamic.find(tag);
        if (entry == image_.dynamic.end()) return 0;
        return entry->second < image_.bias ? entry->second + image_.bias : entry->second;
    }

    std::string in_table(std::int64_t table_tag, std::int64_t size_tag, std::uint64_t slot) {
        const std::uint64_t table = address_of(table_tag);
        const auto size = image_.dynamic.find(size_tag);
        if (table == 0 || size == image_.dynamic.end()) return {};
        const std::uint64_t count = std::min(size->second / sizeof(Elf64_Rela), kMostRelocations);
        for (std::uint64_t i = 0; i < count; ++i) {
            Elf64_Rela relocation;
            if (!read(memory_, table + i * sizeof relocation, &relocation)) return {};
            const auto type = ELF64_R_TYPE(relocation.r_info);
            if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) continue;
            if (image_.bias + relocation.r_offset != slot) continue;
            Elf64_Sym symbol;
            const std::uint64_t offset = ELF64_R_SYM(relocation.r_info) * sizeof symbol;
            if (!read(memory_, address_of(DT_SYMTAB) + offset, &symbol)) return {};
            return memory_.text(address_of(DT_STRTAB) + symbol.st_name);
        }
        return {};
    }

    RemoteMemory& memory_;
    Image image_;
};

}  // namespace

std::string import_at(RemoteMemory& memory, const observe::Maps& maps, std::uint64_t slot) {
    const observe::Mapping* const mapping = maps.find(slot);
    if (mapping == nullptr || mapping->inode == 0) return {};
    for (const observe::Mapping& first : maps.all()) {
        if (first.inode != mapping->inode || first.path != mapping->path) continue;
        auto image = image_at(memory, first.begin);
        return image ? Imports(memory, std::move(*image)).at(slot) : std::string();
    }
    return {};
}

}  // namespace threadfault::diagnose
