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

// The dynamic symbols of a library, by DT_GNU_HASH: a libc has three thousand, of which a hundred
// are looked for.
class Exports {
public:
    explicit Exports(const Library& library) noexcept {
        for (const ElfW(Dyn)* entry = library.dynamic; entry->d_tag != DT_NULL; ++entry) {
            // The loader has relocated these in place; where it has not, they are offsets.
            std::uint64_t address = entry->d_un.d_ptr;
            if (address < library.base) address += library.base;
            if (entry->d_tag == DT_SYMTAB) table_ = reinterpret_cast<const ElfW(Sym)*>(address);
            if (entry->d_tag == DT_STRTAB) names_ = reinterpret_cast<const char*>(address);
            if (entry->d_tag == DT_GNU_HASH)
                hash_ = reinterpret_cast<const std::uint32_t*>(address);
        }
    }

    // All functions of that name: a symbol may have several versions.
    template <typename Visit>
    void each(const char* name, const Visit& visit) const noexcept {
        if (hash_ == nullptr || table_ == nullptr || names_ == nullptr || hash_[0] == 0) return;
        const std::uint32_t buckets = hash_[0];
        const std::uint32_t first = hash_[1];
        const std::uint32_t bloom_words = hash_[2];
        const std::uint32_t* const bucket = hash_ + 4 + bloom_words * (sizeof(ElfW(Addr)) / 4);
        const std::uint32_t* const chain = bucket + buckets;
        const std::uint32_t wanted = hash_of(name);
        std::uint32_t i = bucket[wanted % buckets];
        if (i < first) return;  // an empty bucket
        for (;; ++i) {
            // The lowest bit marks the end of the chain.
            const std::uint32_t found = chain[i - first];
            if ((found | 1) == (wanted | 1) && is_function(table_[i]) &&
                std::strcmp(names_ + table_[i].st_name, name) == 0) {
                visit(table_[i]);
            }
            if ((found & 1) != 0) return;
        }
    }

private:
    static std::uint32_t hash_of(const char* name) noexcept {
        std::uint32_t hash = 5381;
        for (; *name != '\0'; ++name)
            hash = hash * 33 + static_cast<unsigned char>(*name);
        return hash;
    }

    static bool is_function(const ElfW(Sym) & symbol) noexcept {
        const unsigned char type = ELF64_ST_TYPE(symbol.st_info);
        return symbol.st_shndx != SHN_UNDEF && symbol.st_size != 0 &&
               (type == STT_FUNC || type == STT_GNU_IFUNC);
    }

    const ElfW(Sym) * table_ = nullptr;
    const char* names_ = nullptr;
    const std::uint32_t* hash_ = nullptr;
};

template <std::size_t kCount>
void add_named(const Library& library, const Exports& exports, const char* const (&names)[kCount],
               Place place) noexcept {
    for (const char* const name : names) {
        exports.each(name, [&](const ElfW(Sym) & symbol) {
            const std::uint64_t begin = library.base + symbol.st_value;
            add_range(begin, begin + symbol.st_size, place);
        });
    }
}

void add_allocator_file(const Library& library, const Exports& exports) noexcept {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    for (const char* const name : wire::kFirstOfAllocatorFile) {
        exports.each(name, [&](const ElfW(Sym) & symbol) {
            const std::uint64_t begin = library.base + symbol.st_value;
            if (first == 0 || begin < first) first = begin;
        });
    }
    exports.each(wire::kLastOfAllocatorFile, [&](const ElfW(Sym) & symbol) {
        last = library.base + symbol.st_value + symbol.st_size;
    });
    if (first != 0 && last > first && last - first < wire::kLargestAllocatorFile) {
        add_range(first, last, Place::allocator);
    }
}

void add_functions(const Library& library) noexcept {
    const Exports exports(library);
    add_named(library, exports, wire::kAllocatorFunctions, Place::allocator);
    // An allocator of another library is spread differently.
    if (!library.is_libc) return;
    add_named(library, exports, wire::kLoaderFunctions, Place::loader);
    add_named(library, exports, wire::kStdioFunctions, Place::stdio);
    add_allocator_file(library, exports);
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
