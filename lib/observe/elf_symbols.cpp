#include "observe/elf_symbols.hpp"

#include "observe/symbols.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace threadfault::observe {
namespace {

// How many addresses to go back for a symbol that covers: a small symbol may lie inside a large one
// (a label in an assembler function), which then begins before it.
constexpr int kStepsBack = 16;

}  // namespace

std::uint8_t rank_of_name(std::string_view name, unsigned char binding) {
    unsigned underscores = 0;
    if (!name.starts_with("_Z"))
        while (underscores < name.size() && underscores < 5 && name[underscores] == '_')
            ++underscores;
    const unsigned hidden = binding == STB_LOCAL ? 2 : binding == STB_WEAK ? 1 : 0;
    return static_cast<std::uint8_t>(underscores * 4 + hidden);
}

void ElfSymbols::add(const ElfFile& file) {
    add_table(file, SHT_SYMTAB);
    add_table(file, SHT_DYNSYM);
    sort();
}

void ElfSymbols::sort() {
    std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
        if (a.address != b.address) return a.address < b.address;
        // A size says more than none; a name of the same rank that is shorter is the plainer one.
        if ((a.size == 0) != (b.size == 0)) return b.size == 0;
        return a.rank < b.rank;
    });
}

void ElfSymbols::add_table(const ElfFile& file, std::uint32_t type) {
    Elf* elf = file.handle();
    std::vector<GElf_Shdr> sections;
    for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf, section)) != nullptr;) {
        GElf_Shdr header{};
        if (::gelf_getshdr(section, &header) == nullptr) continue;
        const std::size_t index = ::elf_ndxscn(section);
        if (sections.size() <= index) sections.resize(index + 1);
        sections[index] = header;
    }
    for (std::size_t table = 0; table < sections.size(); ++table) {
        if (sections[table].sh_type != type || sections[table].sh_entsize == 0) continue;
        Elf_Data* data = ::elf_getdata(::elf_getscn(elf, table), nullptr);
        if (data == nullptr) continue;
        const std::size_t count = std::min<std::size_t>(data->d_size / sections[table].sh_entsize,
                                                        std::numeric_limits<int>::max());
        entries_.reserve(entries_.size() + count);
        for (std::size_t i = 0; i < count; ++i) {
            GElf_Sym symbol{};
            if (::gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) break;
            if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS) continue;
            const unsigned char kind = GELF_ST_TYPE(symbol.st_info);
            if (kind != STT_FUNC && kind != STT_OBJECT && kind != STT_NOTYPE &&
                kind != STT_GNU_IFUNC)
                continue;
            const GElf_Shdr* home =
                symbol.st_shndx < sections.size() ? &sections[symbol.st_shndx] : nullptr;
            const bool in_code = home != nullptr && (home->sh_flags & SHF_EXECINSTR) != 0;
            // Assembler labels are of no type; outside code they mark ends and starts of sections.
            if (kind == STT_NOTYPE && !in_code) continue;
            const char* raw = ::elf_strptr(elf, sections[table].sh_link, symbol.st_name);
            if (raw == nullptr || *raw == '\0' || is_mapping_symbol(raw)) continue;
            std::string_view name(raw);
            name = name.substr(0, name.find('@'));  // pthread_create@@GLIBC_2.34
            if (name.empty() || names_.size() > std::numeric_limits<std::uint32_t>::max() / 2)
                continue;
            Entry entry;
            entry.address = symbol.st_value;
            entry.size = symbol.st_size;
            // .dynsym leaves out static functions: there, an address after a label has no known
            // symbol.
            const bool complete = type == SHT_SYMTAB;
            entry.section_end = !complete         ? symbol.st_value + 1
                                : home != nullptr ? home->sh_addr + home->sh_size
                                                  : symbol.st_value;
            entry.name = static_cast<std::uint32_t>(names_.size());
            entry.rank = rank_of_name(name, GELF_ST_BIND(symbol.st_info));
            entry.is_function = kind == STT_FUNC || kind == STT_GNU_IFUNC || in_code;
            entries_.push_back(entry);
            names_.append(name);
            names_ += '\0';
        }
    }
}

const ElfSymbols::Entry* ElfSymbols::find(std::uint64_t address) const {
    auto after = std::upper_bound(
        entries_.begin(), entries_.end(), address,
        [](std::uint64_t value, const Entry& entry) { return value < entry.address; });
    const std::uint64_t next =
        after == entries_.end() ? std::numeric_limits<std::uint64_t>::max() : after->address;
    const Entry* label = nullptr;
    for (int step = 0; step < kStepsBack && after != entries_.begin(); ++step) {
        // The best name of an address stands first.
        const std::uint64_t begin = std::prev(after)->address;
        auto first = std::lower_bound(
            entries_.begin(), after, begin,
            [](const Entry& entry, std::uint64_t value) { return entry.address < value; });
        for (auto entry = first; entry != after; ++entry) {
            if (entry->size != 0 && address - begin < entry->size) return &*entry;
            // Of unknown size: up to the next symbol, within its section, unless it stands in a
            // function whose size is known.
            if (label == nullptr && entry->size == 0 && step == 0 && entry->is_function &&
                address < next && address < entry->section_end)
                label = &*entry;
        }
        after = first;
    }
    return label;
}

std::optional<std::uint64_t> ElfSymbols::address_of(std::string_view name) const {
    constexpr std::uint8_t kLocal = 2;
    std::optional<std::uint64_t> local;
    for (const Entry& entry : entries_) {
        if (name != names_.data() + entry.name) continue;
        if ((entry.rank & 3) != kLocal) return entry.address;
        // Two source files may each have a static "queue_lock": which one it is is unknown.
        if (local && *local != entry.address) return std::nullopt;
        local = entry.address;
    }
    return local;
}

}  // namespace threadfault::observe
