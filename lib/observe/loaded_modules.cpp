#include "observe/loaded_modules.hpp"

#include "observe/proc_file.hpp"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstring>
#include <optional>

namespace threadfault::observe {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::size_t kMostHeaders = 64;
constexpr std::size_t kMostModules = 4096;  // a list that runs in circles ends somewhere
constexpr std::size_t kLongestPath = 1024;

using Headers = std::vector<Elf64_Phdr>;

struct Program {
    std::uint64_t bias = 0;  // from the addresses in its file to those in memory
    Headers headers;
};

std::optional<Headers> read_headers(const Memory& memory, std::uint64_t address,
                                    std::uint64_t count) {
    if (count == 0 || count > kMostHeaders) return std::nullopt;
    Headers headers(count);
    if (!memory.read(address, headers.data(), count * sizeof headers[0])) return std::nullopt;
    return headers;
}

std::optional<Program> main_program(const Process& process, const Memory& memory) {
    std::array<char, 4096> buffer;  // ten times what the kernel tells
    const ssize_t length =
        read_small_file(AT_FDCWD, process.living_task_path("auxv").c_str(), buffer);
    if (length < 0) return std::nullopt;
    std::uint64_t address = 0;
    std::uint64_t count = 0;
    for (std::size_t at = 0; at + sizeof(Elf64_auxv_t) <= static_cast<std::size_t>(length);
         at += sizeof(Elf64_auxv_t)) {
        Elf64_auxv_t entry;
        std::memcpy(&entry, buffer.data() + at, sizeof entry);
        if (entry.a_type == AT_PHDR) address = entry.a_un.a_val;
        if (entry.a_type == AT_PHNUM) count = entry.a_un.a_val;
    }
    auto headers = read_headers(memory, address, count);
    if (!headers) return std::nullopt;
    for (const Elf64_Phdr& header : *headers) {
        if (header.p_type == PT_PHDR) return Program{address - header.p_vaddr, std::move(*headers)};
    }
    // A static program has no such entry. Its headers lie behind the file's header, which its first
    // segment maps.
    const std::uint64_t base = address & ~(kPage - 1);
    const auto begin = memory.read<Elf64_Ehdr>(base);
    if (!begin || std::memcmp(begin->e_ident, ELFMAG, SELFMAG) != 0) return std::nullopt;
    if (base + begin->e_phoff != address) return std::nullopt;
    for (const Elf64_Phdr& header : *headers) {
        if (header.p_type != PT_LOAD || header.p_offset != 0) continue;
        return Program{base - header.p_vaddr, std::move(*headers)};
    }
    return std::nullopt;
}

// 0: it has none.
std::uint64_t first_of_list(const Program& program, const Memory& memory) {
    for (const Elf64_Phdr& header : program.headers) {
        if (header.p_type != PT_DYNAMIC) continue;
        std::vector<Elf64_Dyn> entries(header.p_memsz / sizeof(Elf64_Dyn));
        if (entries.empty() || entries.size() > kPage) return 0;
        if (!memory.read(program.bias + header.p_vaddr, entries.data(),
                         entries.size() * sizeof entries[0])) {
            return 0;
        }
        for (const Elf64_Dyn& entry : entries) {
            if (entry.d_tag == DT_NULL) break;
            if (entry.d_tag != DT_DEBUG) continue;
            const auto list = memory.read<r_debug>(entry.d_un.d_ptr);
            return list ? reinterpret_cast<std::uint64_t>(list->r_map) : 0;
        }
    }
    return 0;
}

// Of a loaded file: its header and, right behind it, the program headers.
using Beginning = std::array<unsigned char, 1024>;

std::optional<Headers> headers_in(const Beginning& beginning) {
    Elf64_Ehdr header;
    std::memcpy(&header, beginning.data(), sizeof header);
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phnum == 0) {
        return std::nullopt;
    }
    const std::size_t size = header.e_phnum * sizeof(Elf64_Phdr);
    if (header.e_phoff > beginning.size() || size > beginning.size() - header.e_phoff) {
        return std::nullopt;
    }
    Headers headers(header.e_phnum);
    std::memcpy(headers.data(), beginning.data() + header.e_phoff, size);
    return headers;
}

LoadedModule make_module(std::string path, const Program& program) {
    LoadedModule module;
    module.path = std::move(path);
    module.bias = program.bias;
    for (const Elf64_Phdr& header : program.headers) {
        if (header.p_type == PT_DYNAMIC) module.dynamic = program.bias + header.p_vaddr;
        if (header.p_type == PT_GNU_EH_FRAME) module.unwind_header = program.bias + header.p_vaddr;
        if (header.p_type != PT_LOAD) continue;
        const std::uint64_t begin = program.bias + header.p_vaddr;
        module.parts.push_back({begin & ~(kPage - 1),
                                (begin + header.p_memsz + kPage - 1) & ~(kPage - 1),
                                header.p_offset & ~(kPage - 1), (header.p_flags & PF_W) != 0,
                                (header.p_flags & PF_X) != 0});
    }
    return module;
}

}  // namespace

std::vector<LoadedModule> loaded_modules(const Process& process, const Memory& memory) {
    std::vector<LoadedModule> modules;
    const std::optional<Program> program = main_program(process, memory);
    if (!program) return modules;
    char own[PATH_MAX];
    const ssize_t length = readlink(process.exe_path().c_str(), own, sizeof own);
    modules.push_back(
        make_module(std::string(own, length > 0 ? static_cast<std::size_t>(length) : 0), *program));
    std::vector<std::uint64_t> names;
    std::vector<std::uint64_t> bases;
    std::uint64_t next = first_of_list(*program, memory);
    for (bool first = true; next != 0 && bases.size() < kMostModules; first = false) {
        const auto entry = memory.read<link_map>(next);
        if (!entry) break;
        next = reinterpret_cast<std::uint64_t>(entry->l_next);
        if (first) continue;  // the program itself, without a name
        names.push_back(reinterpret_cast<std::uint64_t>(entry->l_name));
        bases.push_back(entry->l_addr);
    }
    // Of all of them at once.
    std::vector<std::optional<Beginning>> beginnings(bases.size());
    memory.read_each<Beginning>(bases, beginnings);
    for (std::size_t i = 0; i < bases.size(); ++i) {
        if (!beginnings[i]) continue;
        const std::optional<Headers> headers = headers_in(*beginnings[i]);
        const auto path = headers ? memory.read_string(names[i], kLongestPath) : std::nullopt;
        // The kernel's own, the vDSO, has no file.
        if (!path || path->find('/') == std::string::npos) continue;
        modules.push_back(make_module(*path, {bases[i], *headers}));
    }
    return modules;
}

}  // namespace threadfault::observe
