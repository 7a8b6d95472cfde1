#include "preload/faults/code_ranges.hpp"

#include "wire/places.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <atomic>
#include <cstring>

namespace threadfault::shim {

namespace {

using wire::Place;

struct Range {
    std::uint64_t begin;
    std::uint64_t end;
    Place place;
};

constexpr unsigned kMaxRanges = 320;
constinit Range ranges[kMaxRanges]{};
constinit std::atomic<unsigned> range_count{0};  // published when all of them are in place
unsigned filled = 0;

struct Library {
    std::uint64_t base;
    const ElfW(Dyn) * dynamic;
    Place place;   // of all its code; `unknown`: its symbols tell
    bool is_libc;  // all lists of names; otherwise the allocator's alone
};

constexpr unsigned kMaxLibraries = 16;
constinit Library libraries[kMaxLibraries]{};
unsigned library_count = 0;

void add_range(std::uint64_t begin, std::uint64_t end, Place place) noexcept {
    if (filled == kMaxRanges || begin >= end) return;
    unsigned at = filled++;
    for (; at > 0 && ranges[at - 1].begin > begin; --at)
        ranges[at] = ranges[at - 1];
    ranges[at] = Range{begin, end, place};
}

const char* file_name(const char* path) noexcept {
    const char* const slash = std::strrchr(path, '/');
    return slash != nullptr ? slash + 1 : path;
}

bool begins_with(const char* text, const char* prefix) noexcept {
    return std::strncmp(text, prefix, std::strlen(prefix)) == 0;
}

void note(const link_map& map, Place place, bool is_libc) noexcept {
    if (library_count == kMaxLibraries) return;
    libraries[library_count++] = Library{map.l_addr, map.l_ld, place, is_libc};
}

void add_whole_code(const Library& library) noexcept {
    // A shared library is mapped with its header first.
    const auto* const header = reinterpret_cast<const ElfW(Ehdr)*>(library.base);
    if (std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return;
    const auto* const segments =
        reinterpret_cast<const ElfW(Phdr)*>(library.base + header->e_phoff);
    for (unsigned i = 0; i < header->e_phnum; ++i) {
        if (segments[i].p_type != PT_LOAD || (segments[i].p_flags & PF_X) == 0) continue;
        const std::uint64_t begin = library.base + segments[i].p_vaddr;
        add_range(begin, begin + segments[i].p_memsz, library.place);
    }
}

struct Symbols {
    const ElfW(Sym) * table = nullptr;
    const char* names = nullptr;
    std::uint32_t count = 0;
};

// The number of symbols is not stored; the end of the last hash chain is the end of the table.
std::uint32_t count_by_hash(const std::uint32_t* hash) noexcept {
    const std::uint32_t buckets = hash[0];
    const std::uint32_t first = hash[1];
    const std::uint32_t bloom_words = hash[2];
    const std::uint32_t* const bucket = hash + 4 + bloom_words * (sizeof(ElfW(Addr)) / 4);
    const std::uint32_t* const chain = bucket + buckets;
    std::uint32_t last = 0;
    for (std::uint32_t i = 0; i < buckets; ++i) {
        if (bucket[i] > last) last = bucket[i];
    }
    if (last < first) return first;
    while ((chain[last - first] & 1) == 0)
        ++last;
    return last + 1;
}

Symbols symbols_of(const Library& library) noexcept {
    Symbols symbols;
    const std::uint32_t* hash = nullptr;
    for (const ElfW(Dyn)* entry = library.dynamic; entry->d_tag != DT_NULL; ++entry) {
        // The loader has relocated these in place; where it has not, they are offsets.
        std::uint64_t address = entry->d_un.d_ptr;
        if (address < library.base) address += library.base;
        if (entry->d_tag == DT_SYMTAB) symbols.table = reinterpret_cast<const ElfW(Sym)*>(address);
        if (entry->d_tag == DT_STRTAB) symbols.names = reinterpret_cast<const char*>(address);
        if (entry->d_tag == DT_GNU_HASH) hash = reinterpret_cast<const std::uint32_t*>(address);
    }
    if (hash != nullptr && symbols.table != nullptr && symbols.names != nullptr) {
        symbols.count = count_by_hash(hash);
    }
    return symbols;
}

template <std::size_t kCount>
bool holds(const char* const (&names)[kCount], const char* wanted) noexcept {
    for (const char* name : names) {
        if (name[0] == wanted[0] && std::strcmp(name, wanted) == 0) return true;
    }
    return false;
}

Place place_of_function(const char* name, bool is_libc) noexcept {
    if (holds(wire::kAllocatorFunctions, name)) return Place::allocator;
    if (!is_libc) return Place::user;
    if (holds(wire::kLoaderFunctions, name)) return Place::loader;
    if (holds(wire::kStdioFunctions, name)) return Place::stdio;
    return Place::user;
}

void add_functions(const Library& library) noexcept {
    const Symbols symbols = symbols_of(library);
    std::uint64_t first = 0;  // of the allocator's source file
    std::uint64_t last = 0;
    for (std::uint32_t i = 0; i < symbols.count; ++i) {
        const ElfW(Sym)& symbol = symbols.table[i];
        if (symbol.st_shndx == SHN_UNDEF || symbol.st_size == 0) continue;
        const unsigned char type = ELF64_ST_TYPE(symbol.st_info);
        if (type != STT_FUNC && type != STT_GNU_IFUNC) continue;
        const char* const name = symbols.names + symbol.st_name;
        const std::uint64_t begin = library.base + symbol.st_value;
        if (holds(wire::kFirstOfAllocatorFile, name) && (first == 0 || begin < first)) {
            first = begin;
        }
        if (std::strcmp(name, wire::kLastOfAllocatorFile) == 0) last = begin + symbol.st_size;
        const Place place = place_of_function(name, library.is_libc);
        if (place == Place::user) continue;
        add_range(begin, begin + symbol.st_size, place);
    }
    // An allocator of another library is spread differently.
    if (library.is_libc && first != 0 && last > first &&
        last - first < wire::kLargestAllocatorFile) {
        add_range(first, last, Place::allocator);
    }
}

}  // namespace

void note_libraries() noexcept {
    if (library_count != 0) return;
    const auto* const debug = static_cast<const r_debug*>(::dlsym(RTLD_DEFAULT, "_r_debug"));
    if (debug == nullptr) return;
    for (const link_map* map = debug->r_map; map != nullptr; map = map->l_next) {
        const char* const file = file_name(map->l_name != nullptr ? map->l_name : "");
        // The program itself may hold an allocator of its own.
        if (map == debug->r_map) note(*map, Place::unknown, false);
        if (begins_with(file, "libc.so") || begins_with(file, "libc-2")) {
            note(*map, Place::unknown, true);
        }
        for (const wire::ModuleOfOnePlace& module : wire::kModulesOfOnePlace) {
            if (begins_with(file, module.prefix)) note(*map, module.place, false);
        }
    }
}

void learn_code_ranges() noexcept {
    if (range_count.load(std::memory_order_relaxed) != 0) return;
    for (unsigned i = 0; i < library_count; ++i) {
        if (libraries[i].place != Place::unknown) {
            add_whole_code(libraries[i]);
        } else {
            add_functions(libraries[i]);
        }
    }
    range_count.store(filled, std::memory_order_release);
}

wire::Place place_of(std::uint64_t address) noexcept {
    const unsigned count = range_count.load(std::memory_order_acquire);
    unsigned low = 0;
    unsigned high = count;
    while (low < high) {
        const unsigned middle = (low + high) / 2;
        if (ranges[middle].begin <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    // Ranges may lie inside each other (the allocator's entry points in its file): look at several.
    constexpr unsigned kDeepest = 40;
    for (unsigned i = low, looked = 0; i-- > 0 && looked < kDeepest; ++looked) {
        if (address < ranges[i].end) return ranges[i].place;
    }
    return Place::user;
}

}  // namespace threadfault::shim
