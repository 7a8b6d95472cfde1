#include "observe/exported_symbols.hpp"

#include "observe/elf_symbols.hpp"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace threadfault::observe {
namespace {

constexpr std::uint32_t kMostBuckets = 1 << 20;
constexpr std::uint32_t kMostSymbols = 1 << 20;
constexpr std::uint64_t kLongestNames = std::uint64_t{64} << 20;

// How many symbols a GNU hash table speaks of: the end of the chain of its last bucket.
std::uint32_t count_by_gnu_hash(const ReadMemory& memory, std::uint64_t table) {
    struct Header {
        std::uint32_t buckets;
        std::uint32_t first_symbol;
        std::uint32_t bloom_words;
        std::uint32_t shift;
    } header;
    if (!memory(table, &header, sizeof header) || header.buckets == 0 ||
        header.buckets > kMostBuckets || header.bloom_words > kMostBuckets) {
        return 0;
    }
    const std::uint64_t begin = table + sizeof header + header.bloom_words * sizeof(std::uint64_t);
    std::vector<std::uint32_t> buckets(header.buckets);
    if (!memory(begin, buckets.data(), buckets.size() * sizeof buckets[0])) return 0;
    std::uint32_t last = *std::max_element(buckets.begin(), buckets.end());
    if (last < header.first_symbol) return header.first_symbol;
    const std::uint64_t chains = begin + buckets.size() * sizeof buckets[0];
    for (; last < kMostSymbols; ++last) {
        std::uint32_t hash = 0;
        const std::uint64_t at = std::uint64_t{last - header.first_symbol} * sizeof hash;
        if (!memory(chains + at, &hash, sizeof hash)) return 0;
        if ((hash & 1) != 0) return last + 1;
    }
    return 0;
}

std::uint32_t count_by_hash(const ReadMemory& memory, std::uint64_t table) {
    std::array<std::uint32_t, 2> header{};  // buckets, chains; there is a chain a symbol
    return memory(table, header.data(), sizeof header) ? header[1] : 0;
}

}  // namespace

bool ExportedSymbols::read(const ReadMemory& memory, std::uint64_t base) {
    const auto section = read_dynamic_section(memory, base);
    if (!section) return false;
    const std::uint64_t symbols_at = section->address_of(DT_SYMTAB);
    const std::uint64_t names_at = section->address_of(DT_STRTAB);
    const std::uint64_t names_size = section->value(DT_STRSZ);
    if (symbols_at == 0 || names_at == 0 || names_size == 0 || names_size > kLongestNames) {
        return false;
    }
    std::uint32_t count = 0;
    if (const std::uint64_t table = section->address_of(DT_GNU_HASH)) {
        count = count_by_gnu_hash(memory, table);
    } else if (const std::uint64_t plain = section->address_of(DT_HASH)) {
        count = count_by_hash(memory, plain);
    }
    if (count == 0 || count > kMostSymbols) return false;
    std::vector<Elf64_Sym> symbols(count);
    names_.resize(names_size);
    if (!memory(symbols_at, symbols.data(), symbols.size() * sizeof symbols[0]) ||
        !memory(names_at, names_.data(), names_.size())) {
        return false;
    }
    names_.back() = '\0';
    for (const Elf64_Sym& symbol : symbols) {
        if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS) continue;
        const unsigned char kind = ELF64_ST_TYPE(symbol.st_info);
        const bool is_function = kind == STT_FUNC || kind == STT_GNU_IFUNC;
        if (!is_function && kind != STT_OBJECT) continue;
        if (symbol.st_name >= names_.size()) continue;
        const std::string_view name = names_.data() + symbol.st_name;
        if (name.empty()) continue;
        entries_.push_back({section->bias + symbol.st_value, symbol.st_size, name,
                            rank_of_name(name, ELF64_ST_BIND(symbol.st_info)), is_function});
    }
    return true;
}

const ExportedSymbols::Entry* ExportedSymbols::find(std::uint64_t address) const {
    const Entry* best = nullptr;
    for (const Entry& entry : entries_) {
        if (address - entry.address >= std::max<std::uint64_t>(entry.size, 1)) continue;
        // The innermost of those around it, and the plainest of its names.
        if (best == nullptr || entry.address > best->address ||
            (entry.address == best->address && entry.rank < best->rank)) {
            best = &entry;
        }
    }
    return best;
}

std::optional<std::uint64_t> ExportedSymbols::address_of(std::string_view name) const {
    for (const Entry& entry : entries_) {
        if (entry.name == name) return entry.address;
    }
    return std::nullopt;
}

}  // namespace threadfault::observe
