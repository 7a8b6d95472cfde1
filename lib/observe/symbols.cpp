#include "observe/symbols.hpp"

#include "observe/elf_symbols.hpp"
#include "observe/memory.hpp"
#include "observe/module_file.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <vector>

namespace threadfault::observe {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::string_view kVdso = "[vdso]";
constexpr std::uint64_t kVdsoLimit = std::uint64_t{256} * 1024;

bool is_file(const Mapping& mapping) {
    return mapping.inode != 0 && mapping.path.starts_with('/') &&
           !mapping.path.starts_with("/dev/");
}

// One mapped file. Its symbols are read when the first address in it is asked for.
struct Module {
    std::string path;
    std::string name;
    std::optional<ElfFile> file;
    std::vector<GElf_Phdr> segments;  // PT_LOAD
    ElfSymbols symbols;
    ElfSymbols debug_symbols;
    bool debug_looked_for = false;
};

// The PT_LOAD that the kernel or ld.so mapped there. Neighbouring segments share a page of the
// file, so an offset alone may fit two; the exact range and the protection tell them apart.
const GElf_Phdr* segment_of(const Module& module, const Mapping& mapping,
                            std::uint64_t file_offset) {
    const GElf_Phdr* best = nullptr;
    int best_score = -1;
    for (const GElf_Phdr& segment : module.segments) {
        const std::uint64_t begin = segment.p_offset & ~(kPage - 1);
        const std::uint64_t end = (segment.p_offset + segment.p_filesz + kPage - 1) & ~(kPage - 1);
        if (file_offset < begin || file_offset >= end) continue;
        const bool exact =
            file_offset >= segment.p_offset && file_offset < segment.p_offset + segment.p_filesz;
        int score = 0;
        if (((segment.p_flags & PF_X) != 0) == mapping.executable) score += 4;
        if (((segment.p_flags & PF_W) != 0) == mapping.writable) score += 2;
        if (exact) score += 1;
        if (score > best_score) {
            best_score = score;
            best = &segment;
        }
    }
    return best;
}

}  // namespace

struct Symbols::Implementation {
    explicit Implementation(const Process& process)
        : maps(process), memory(process.pid()), files(process) {}

    // Where an address lies: the module, and the link-time address in it.
    struct Place {
        Module* module = nullptr;
        std::uint64_t address = 0;
    };

    Module& module_of(const Mapping& mapping);
    Place place_of(std::uint64_t address);
    std::optional<std::uint64_t> load_bias(const Mapping& mapping);
    Symbol resolve(std::uint64_t address);
    const ElfSymbols& debug_symbols(Module& module);

    Maps maps;
    Memory memory;
    ModuleFiles files;
    std::map<std::pair<std::string, std::uint64_t>, Module> modules;  // by path and inode
    std::unordered_map<std::uint64_t, Symbol> cache;                  // its references stay valid
};

Module& Symbols::Implementation::module_of(const Mapping& mapping) {
    const auto [entry, is_new] = modules.try_emplace({mapping.path, mapping.inode});
    Module& module = entry->second;
    if (!is_new) return module;
    module.path = mapping.path;
    module.name = file_name(mapping.path);
    if (mapping.path == kVdso) {
        std::vector<char> image(std::min(mapping.end - mapping.begin, kVdsoLimit));
        if (memory.read(mapping.begin, image.data(), image.size()))
            module.file = ElfFile::from_image(std::move(image));
    } else {
        module.file = files.open(mapping);
    }
    if (!module.file) return module;
    for (const GElf_Phdr& header : module.file->program_headers())
        if (header.p_type == PT_LOAD) module.segments.push_back(header);
    module.symbols.add(*module.file);
    return module;
}

std::optional<std::uint64_t> Symbols::Implementation::load_bias(const Mapping& mapping) {
    const Module& module = module_of(mapping);
    const GElf_Phdr* segment = segment_of(module, mapping, mapping.offset);
    if (segment == nullptr) return std::nullopt;
    return mapping.begin - mapping.offset + segment->p_offset - segment->p_vaddr;
}

Symbols::Implementation::Place Symbols::Implementation::place_of(std::uint64_t address) {
    const Mapping* mapping = maps.find(address);
    if (mapping == nullptr) return {};
    if (is_file(*mapping) || mapping->path == kVdso) {
        Module& module = module_of(*mapping);
        // The segment that has this very byte: the page where constants end and data begins is
        // mapped twice, and looks the same once the loader has made relocated data (vtables)
        // read-only.
        const std::uint64_t in_file = address - mapping->begin + mapping->offset;
        for (const GElf_Phdr& segment : module.segments)
            if (in_file >= segment.p_offset && in_file < segment.p_offset + segment.p_filesz)
                return {&module, in_file - segment.p_offset + segment.p_vaddr};
        if (const auto bias = load_bias(*mapping)) return {&module, address - *bias};
        // No ELF file, or none that could be opened: the place in the file is all that is known.
        return {&module, in_file};
    }
    // .bss beyond the file's last page is anonymous memory right behind the module's data, in one
    // piece or a few. (Thread stacks lie behind each other by the thousand.)
    constexpr int kMostPieces = 4;
    const std::vector<Mapping>& all = maps.all();
    auto at = static_cast<std::size_t>(mapping - all.data());
    for (int pieces = 0; pieces < kMostPieces && at > 0; ++pieces, --at)
        if (is_file(all[at]) || all[at - 1].end != all[at].begin) break;
    if (!is_file(all[at])) return {};
    Module& module = module_of(all[at]);
    const auto bias = load_bias(all[at]);
    if (!bias) return {};
    for (const GElf_Phdr& segment : module.segments)
        if (address - *bias >= segment.p_vaddr &&
            address - *bias < segment.p_vaddr + segment.p_memsz)
            return {&module, address - *bias};
    return {};
}

const ElfSymbols& Symbols::Implementation::debug_symbols(Module& module) {
    if (!module.debug_looked_for) {
        module.debug_looked_for = true;
        // Who has .symtab has all that a debug file could add.
        if (module.file && !module.file->has_section_of_type(SHT_SYMTAB))
            if (const auto debug = files.open_debug_file(*module.file, module.path))
                module.debug_symbols.add(*debug);
    }
    return module.debug_symbols;
}

Symbol Symbols::Implementation::resolve(std::uint64_t address) {
    Symbol symbol;
    const Place place = place_of(address);
    if (place.module == nullptr) return symbol;
    symbol.module = place.module->name;
    symbol.module_offset = place.address;
    symbol.offset = place.address;
    if (place.module->segments.empty()) return symbol;
    const ElfSymbols* table = &place.module->symbols;
    const ElfSymbols::Entry* entry = table->find(place.address);
    if (entry == nullptr || entry->size == 0) {
        // Exported names first: the debug file of a large library costs milliseconds to read.
        const ElfSymbols& debug = debug_symbols(*place.module);
        if (const ElfSymbols::Entry* better = debug.find(place.address)) {
            entry = better;
            table = &debug;
        }
    }
    if (entry == nullptr) return symbol;
    symbol.name = demangle(table->name(*entry));
    symbol.offset = place.address - entry->address;
    symbol.size = entry->size;
    symbol.is_function = entry->is_function;
    return symbol;
}

Symbols::Symbols(const Process& process)
    : implementation_(std::make_unique<Implementation>(process)) {}

Symbols::~Symbols() = default;

const Symbol& Symbols::resolve(std::uint64_t address) {
    const auto known = implementation_->cache.find(address);
    if (known != implementation_->cache.end()) return known->second;
    return implementation_->cache.emplace(address, implementation_->resolve(address)).first->second;
}

std::optional<std::uint64_t> Symbols::address_of(std::string_view module_prefix,
                                                 std::string_view name) {
    const Module* previous = nullptr;
    for (const Mapping& mapping : implementation_->maps.all()) {
        if (!is_file(mapping) || !file_name(mapping.path).starts_with(module_prefix)) continue;
        Module& module = implementation_->module_of(mapping);
        if (&module == previous || module.segments.empty()) continue;
        previous = &module;  // a module's mappings lie together
        auto link_time = module.symbols.address_of(name);
        if (!link_time) link_time = implementation_->debug_symbols(module).address_of(name);
        const auto bias = implementation_->load_bias(mapping);
        if (link_time && bias) return *link_time + *bias;
    }
    return std::nullopt;
}

const Maps& Symbols::maps() const noexcept {
    return implementation_->maps;
}

}  // namespace threadfault::observe
