#include "diagnose/symbolizer.hpp"

#include "diagnose/data_names.hpp"
#include "diagnose/place_cache.hpp"
#include "diagnose/units.hpp"
#include "format/format.hpp"
#include "observe/symbols.hpp"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <unordered_map>

namespace threadfault::diagnose {
namespace {

std::string file_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

// `data` is the module's own pointer: to the root directory of its process, which may not be ours.
int find_elf(Dwfl_Module* module, void** data, const char* name, Dwarf_Addr base, char** path,
             Elf** elf) {
    if (name != nullptr && name[0] == '/' && *data != nullptr) {
        const auto& root = *static_cast<const std::string*>(*data);
        const int fd = open((root + name).c_str(), O_RDONLY | O_CLOEXEC);
        struct stat about {};
        if (fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) {
            *path = strdup(name);
            return fd;
        }
        if (fd >= 0) close(fd);
    }
    return dwfl_linux_proc_find_elf(module, data, name, base, path, elf);
}

std::string demangled_name(Dwarf_Die* die) {
    Dwarf_Attribute attribute;
    for (const unsigned name : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name}) {
        if (dwarf_attr_integrate(die, name, &attribute) == nullptr) continue;
        const char* const mangled = dwarf_formstring(&attribute);
        if (mangled != nullptr) return observe::demangle(mangled);
    }
    if (dwarf_attr_integrate(die, DW_AT_name, &attribute) == nullptr) return {};
    const char* const plain = dwarf_formstring(&attribute);
    return plain != nullptr ? plain : "";
}

// File and line of the call that was inlined there.
void read_call_site(Dwarf_Die* inlined, Dwarf_Die* unit, SourceLine* caller) {
    Dwarf_Attribute attribute;
    Dwarf_Word number = 0;
    if (dwarf_attr(inlined, DW_AT_call_line, &attribute) != nullptr &&
        dwarf_formudata(&attribute, &number) == 0) {
        caller->line = static_cast<int>(number);
    }
    Dwarf_Files* files = nullptr;
    std::size_t count = 0;
    if (dwarf_attr(inlined, DW_AT_call_file, &attribute) != nullptr &&
        dwarf_formudata(&attribute, &number) == 0 && dwarf_getsrcfiles(unit, &files, &count) == 0 &&
        number < count) {
        const char* const name = dwarf_filesrc(files, number, nullptr, nullptr);
        if (name != nullptr) caller->file = name;
    }
}

}  // namespace

struct Symbolizer::Implementation {
    Implementation(const observe::Process& process, const observe::Maps& mappings)
        : pid(process.living_tid()),
          maps(mappings),
          symbols(std::in_place, process),
          root(process.root_path()) {
        // What is not on this machine is not fetched from another one.
        unsetenv("DEBUGINFOD_URLS");
    }
    Implementation(std::string text, const observe::Maps& mappings)
        : maps_text(std::move(text)), maps(mappings) {
        unsetenv("DEBUGINFOD_URLS");
    }
    ~Implementation() {
        for (auto& [id, cache] : caches)
            cache.save();
        if (dwfl != nullptr) dwfl_end(dwfl);
    }
    Implementation(const Implementation&) = delete;
    Implementation& operator=(const Implementation&) = delete;

    int report() {
        if (maps_text.empty()) return dwfl_linux_proc_report(dwfl, pid);
        FILE* const file = fmemopen(maps_text.data(), maps_text.size(), "r");
        if (file == nullptr) return -1;
        const int failed = dwfl_linux_proc_maps_report(dwfl, file);
        fclose(file);
        return failed;
    }

    // Only when something has to be looked up that no cache has.
    bool open() {
        if (tried) return dwfl != nullptr;
        tried = true;
        static const Dwfl_Callbacks callbacks = {find_elf, dwfl_standard_find_debuginfo, nullptr,
                                                 nullptr};
        dwfl = dwfl_begin(&callbacks);
        if (dwfl == nullptr) return false;
        if (report() == 0 && dwfl_report_end(dwfl, nullptr, nullptr) == 0) {
            dwfl_getmodules(dwfl, tell_root, &root, 0);
            return true;
        }
        dwfl_end(dwfl);
        dwfl = nullptr;
        return false;
    }

    // Before any file is looked for: that is done when the first name is asked for.
    static int tell_root(Dwfl_Module*, void** data, const char*, Dwarf_Addr, void* root) {
        *data = root;
        return DWARF_CB_OK;
    }

    static void read_line(Dwarf_Die* unit, Dwarf_Addr address, SourceLine* here) {
        Dwarf_Line* const line = dwarf_getsrc_die(unit, address);
        if (line == nullptr) return;
        const char* const file = dwarf_linesrc(line, nullptr, nullptr);
        if (file != nullptr) here->file = file;
        dwarf_lineno(line, &here->line);
    }

    void add_lines(Dwfl_Module* module, std::uint64_t address, CodePlace* place) {
        SourceLine here;
        auto unit = units.at(module, address);
        if (unit) {
            read_line(&unit->die, address - unit->bias, &here);
            for (Dwarf_Die& scope : functions_at(unit->die, address - unit->bias)) {
                here.function = demangled_name(&scope);
                here.inlined = dwarf_tag(&scope) == DW_TAG_inlined_subroutine;
                place->lines.push_back(here);
                here = {};
                if (place->lines.back().inlined) read_call_site(&scope, &unit->die, &here);
            }
            // Nobody says what the outermost one was inlined into: the symbol table does.
            if (!place->lines.empty() && !place->lines.back().inlined) return;
        }
        place->lines.push_back(here);
    }

    CodePlace look_up(std::uint64_t address) {
        CodePlace place;
        if (!open()) return by_symbol_table(address);
        Dwfl_Module* const module = dwfl_addrmodule(dwfl, address);
        if (module == nullptr) return by_symbol_table(address);
        add_lines(module, address, &place);
        SourceLine& outermost = place.lines.back();
        if (outermost.function.empty())
            outermost.function = observe::demangle(symbol_of(module, address).c_str());
        return place;
    }

    static std::string symbol_of(Dwfl_Module* module, std::uint64_t address) {
        GElf_Off offset = 0;
        GElf_Sym symbol;
        const char* const name =
            dwfl_module_addrinfo(module, address, &offset, &symbol, nullptr, nullptr, nullptr);
        return name != nullptr && !observe::is_mapping_symbol(name) ? name : "";
    }

    // Modules that libdw does not report, and files that can't be found any more.
    CodePlace by_symbol_table(std::uint64_t address) {
        CodePlace place;
        place.lines.push_back({symbols ? symbols->resolve(address).name : "", {}, 0, false});
        return place;
    }

    // Where the module's first byte is, and which file it is: from the process's memory alone.
    struct Module {
        std::string name;
        std::string build_id;
        std::uint64_t base = 0;
    };
    const Module& module_at(const observe::Mapping& mapping) {
        const auto [entry, fresh] = modules.try_emplace(mapping.path);
        if (!fresh) return entry->second;
        Module& module = entry->second;
        module.name = file_name(mapping.path);
        for (const observe::Mapping& other : maps.all()) {
            if (other.path == mapping.path && other.offset == 0) {
                module.base = other.begin;
                break;
            }
        }
        if (pid != 0) module.build_id = build_id_at(pid, module.base);
        return module;
    }

    CodePlace find(std::uint64_t address) {
        const observe::Mapping* const mapping = maps.find(address);
        if (mapping == nullptr || mapping->path.empty()) {
            CodePlace nowhere;
            nowhere.lines.emplace_back();
            return nowhere;
        }
        const Module& module = module_at(*mapping);
        const std::uint64_t offset = address - module.base;
        CodePlace place;
        PlaceCache* cache = nullptr;
        if (!module.build_id.empty()) {
            cache = &caches.try_emplace(module.build_id, module.build_id).first->second;
        }
        if (cache == nullptr || !cache->find(offset, &place.lines)) {
            place = look_up(address);
            // A stripped copy of the file has the same build-id: what it does not know, another
            // may.
            const bool known = !place.lines.back().function.empty();
            if (cache != nullptr && known) cache->add(offset, place.lines);
        }
        place.module = module.name;
        place.offset = offset;
        place.build_id = module.build_id;
        return place;
    }

    pid_t pid = 0;          // 0: the process has ended
    std::string maps_text;  // then: what its memory map was
    const observe::Maps& maps;
    std::optional<observe::Symbols> symbols;
    std::string root;  // the process's root directory, as seen from here
    Dwfl* dwfl = nullptr;
    Units units;
    bool tried = false;
    std::unordered_map<std::string, Module> modules;
    std::map<std::string, PlaceCache> caches;
    std::unordered_map<std::uint64_t, CodePlace> places;
};

Symbolizer::Symbolizer(const observe::Process& process, const observe::Maps& maps)
    : implementation_(std::make_unique<Implementation>(process, maps)) {}
Symbolizer::Symbolizer(std::string maps_text, const observe::Maps& maps)
    : implementation_(std::make_unique<Implementation>(std::move(maps_text), maps)) {}
Symbolizer::~Symbolizer() = default;

const CodePlace& Symbolizer::at(std::uint64_t address) {
    const auto [entry, fresh] = implementation_->places.try_emplace(address);
    if (fresh) entry->second = implementation_->find(address);
    return entry->second;
}

std::string Symbolizer::symbol_at(std::uint64_t address) {
    Implementation& self = *implementation_;
    Dwfl_Module* const module = self.open() ? dwfl_addrmodule(self.dwfl, address) : nullptr;
    return module != nullptr ? Implementation::symbol_of(module, address)
                             : self.by_symbol_table(address).lines.front().function;
}

std::optional<std::uint64_t> Symbolizer::address_of(std::string_view name) {
    if (!implementation_->symbols) return std::nullopt;
    return implementation_->symbols->address_of("", name);
}

std::optional<DataPlace> Symbolizer::data_at(std::uint64_t address) {
    Implementation& self = *implementation_;
    if (!self.open()) return std::nullopt;
    Dwfl_Module* const module = dwfl_addrmodule(self.dwfl, address);
    if (module == nullptr) return std::nullopt;
    return find_data(module, address);
}

}  // namespace threadfault::diagnose
