#include "diagnose/remains.hpp"

#include "arch/machine.hpp"
#include "base/descriptor.hpp"
#include "observe/elf_file.hpp"
#include "observe/proc_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace threadfault::diagnose {
namespace {

constexpr std::uint64_t kPage = 4096;

base::Descriptor open_file(const std::string& path) {
    return base::Descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

// What is written there.
struct Relocation {
    std::uint64_t address = 0;
    std::uint32_t type = 0;
    std::uint64_t addend = 0;
    std::uint64_t size = sizeof(std::uint64_t);
    std::string symbol;  // "": none
};

}  // namespace

class Remains::Module {
public:
    // `base`: where the file's first page is mapped.
    static std::unique_ptr<Module> open(const std::string& path, std::uint64_t base) {
        auto elf = observe::ElfFile::read(open_file(path));
        base::Descriptor file = open_file(path);
        if (!elf || file.get() < 0) return nullptr;
        auto module = std::unique_ptr<Module>(new Module(std::move(*elf), std::move(file)));
        for (const GElf_Phdr& segment : module->elf_.program_headers()) {
            if (segment.p_type != PT_LOAD || segment.p_offset >= kPage) continue;
            module->bias_ = base - (segment.p_vaddr & ~(kPage - 1));
            return module;
        }
        return nullptr;
    }

    std::uint64_t bias() const noexcept { return bias_; }

    bool read_file(std::uint64_t address, void* buffer, std::size_t length) const {
        std::memset(buffer, 0, length);
        for (const GElf_Phdr& segment : segments_) {
            if (segment.p_type != PT_LOAD) continue;
            // Whole pages are mapped; behind the file's part the loader has cleared what is data.
            const std::uint64_t begin = (bias_ + segment.p_vaddr) & ~(kPage - 1);
            const std::uint64_t end = bias_ + segment.p_vaddr + segment.p_filesz;
            const std::uint64_t mapped_end =
                (bias_ + segment.p_vaddr + segment.p_memsz + kPage - 1) & ~(kPage - 1);
            if (address < begin || address >= mapped_end) continue;
            if (address >= end) return true;
            const std::uint64_t offset = (segment.p_offset & ~(kPage - 1)) + (address - begin);
            const bool data = (segment.p_flags & PF_W) != 0;
            const std::size_t part = data ? std::min<std::uint64_t>(length, end - address) : length;
            return pread(file_.get(), buffer, part, static_cast<off_t>(offset)) > 0;
        }
        return false;
    }

    const std::vector<Relocation>& relocations() {
        if (!relocations_) {
            relocations_.emplace();
            each_section([this](const GElf_Shdr& header, Elf_Data* data) {
                if ((header.sh_flags & SHF_ALLOC) == 0) return;
                if (header.sh_type == SHT_RELA) add_relocations(header, data);
                if (header.sh_type == SHT_RELR) add_packed(data);
            });
        }
        return *relocations_;
    }

    // 0: it does not define it.
    std::uint64_t address_of(std::string_view name) {
        if (!symbols_) {
            symbols_.emplace();
            each_section([this](const GElf_Shdr& header, Elf_Data* data) {
                if (header.sh_type == SHT_DYNSYM) add_symbols(header, data);
            });
        }
        const auto found = symbols_->find(std::string(name));
        return found != symbols_->end() ? found->second : 0;
    }

private:
    Module(observe::ElfFile elf, base::Descriptor file)
        : elf_(std::move(elf)), file_(std::move(file)), segments_(elf_.program_headers()) {}

    template <typename Use>
    void each_section(const Use& use) {
        for (Elf_Scn* section = nullptr;
             (section = elf_nextscn(elf_.handle(), section)) != nullptr;) {
            GElf_Shdr header{};
            Elf_Data* const data = elf_getdata(section, nullptr);
            if (gelf_getshdr(section, &header) != nullptr && data != nullptr) use(header, data);
        }
    }

    void add_relocations(const GElf_Shdr& header, Elf_Data* data) {
        Elf_Scn* const table = elf_getscn(elf_.handle(), header.sh_link);
        GElf_Shdr table_header{};
        Elf_Data* const symbols = table != nullptr ? elf_getdata(table, nullptr) : nullptr;
        if (symbols != nullptr) gelf_getshdr(table, &table_header);
        GElf_Rela rela{};
        for (int i = 0; gelf_getrela(data, i, &rela) != nullptr; ++i) {
            Relocation& one = relocations_->emplace_back();
            one.address = bias_ + rela.r_offset;
            one.type = static_cast<std::uint32_t>(GELF_R_TYPE(rela.r_info));
            one.addend = static_cast<std::uint64_t>(rela.r_addend);
            GElf_Sym symbol{};
            const auto index = static_cast<int>(GELF_R_SYM(rela.r_info));
            if (index == 0 || symbols == nullptr ||
                gelf_getsym(symbols, index, &symbol) == nullptr) {
                continue;
            }
            const char* const name =
                elf_strptr(elf_.handle(), table_header.sh_link, symbol.st_name);
            if (name != nullptr) one.symbol = name;
            if (one.type == arch::kRelocatedCopy) one.size = symbol.st_size;
        }
    }

    // An address, then bitmaps of the 63 words behind it (generic ABI, "Relative Relocation
    // Table"). The addend stands in the file.
    void add_packed(Elf_Data* data) {
        std::uint64_t next = 0;
        for (std::size_t at = 0; at + sizeof(std::uint64_t) <= data->d_size;
             at += sizeof(std::uint64_t)) {
            std::uint64_t entry = 0;
            std::memcpy(&entry, static_cast<const char*>(data->d_buf) + at, sizeof entry);
            if ((entry & 1) == 0) {
                add_packed_one(entry);
                next = entry + sizeof entry;
                continue;
            }
            for (unsigned bit = 1; bit < 64; ++bit) {
                if ((entry >> bit & 1) != 0) add_packed_one(next + (bit - 1) * sizeof entry);
            }
            next += 63 * sizeof entry;
        }
    }
    void add_packed_one(std::uint64_t offset) {
        Relocation& one = relocations_->emplace_back();
        one.address = bias_ + offset;
        one.type = arch::kRelocatedRelative;
        read_file(one.address, &one.addend, sizeof one.addend);
    }

    void add_symbols(const GElf_Shdr& header, Elf_Data* data) {
        GElf_Sym symbol{};
        for (int i = 0; gelf_getsym(data, i, &symbol) != nullptr; ++i) {
            const unsigned char kind = GELF_ST_TYPE(symbol.st_info);
            // Which of its variants an indirect function is, its own code decides.
            const bool known = kind == STT_FUNC || kind == STT_OBJECT || kind == STT_NOTYPE;
            const bool defined = symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS;
            if (!known || !defined || GELF_ST_BIND(symbol.st_info) == STB_LOCAL) continue;
            const char* const name = elf_strptr(elf_.handle(), header.sh_link, symbol.st_name);
            if (name != nullptr) symbols_->try_emplace(name, bias_ + symbol.st_value);
        }
    }

    observe::ElfFile elf_;
    base::Descriptor file_;
    std::vector<GElf_Phdr> segments_;
    std::uint64_t bias_ = 0;  // from the addresses in the file to those in memory
    std::optional<std::vector<Relocation>> relocations_;
    std::optional<std::unordered_map<std::string, std::uint64_t>> symbols_;
};

Remains::Remains(observe::Maps maps) : maps_(std::move(maps)) {}
Remains::~Remains() = default;

Remains::Module* Remains::module_of(const observe::Mapping& mapping) {
    if (mapping.deleted || mapping.path.empty() || mapping.path.front() != '/') return nullptr;
    const auto [entry, fresh] = modules_.try_emplace(mapping.inode);
    if (fresh) {
        for (const observe::Mapping& first : maps_.all()) {
            if (first.inode != mapping.inode || first.offset != 0) continue;
            entry->second = Module::open(mapping.path, first.begin);
            break;
        }
    }
    return entry->second.get();
}

std::uint64_t Remains::find_symbol(std::string_view name, const Module* but) {
    for (const observe::Mapping& mapping : maps_.all())
        module_of(mapping);
    for (const auto& [inode, module] : modules_) {
        if (module == nullptr || module.get() == but) continue;
        const std::uint64_t address = module->address_of(name);
        if (address != 0) return address;
    }
    return 0;
}

void Remains::relocate(Module& module, std::uint64_t address, unsigned char* buffer,
                       std::size_t length) {
    for (const Relocation& one : module.relocations()) {
        if (one.address < address || one.address - address > length ||
            one.size > length - (one.address - address)) {
            continue;
        }
        std::uint64_t value = 0;
        switch (one.type) {
            case arch::kRelocatedRelative:
                value = module.bias() + one.addend;
                break;
            case arch::kRelocatedWord:
            case arch::kRelocatedSlot:
            case arch::kRelocatedCall:
                value = find_symbol(one.symbol, nullptr);
                if (value != 0 && arch::adds(one.type)) value += one.addend;
                break;
            case arch::kRelocatedCopy:
                read(find_symbol(one.symbol, &module), buffer + (one.address - address), one.size);
                continue;
            default:
                continue;
        }
        std::memcpy(buffer + (one.address - address), &value, sizeof value);
    }
}

bool Remains::read(std::uint64_t address, void* buffer, std::size_t length) {
    const observe::Mapping* const mapping = maps_.find(address);
    Module* const module = mapping != nullptr ? module_of(*mapping) : nullptr;
    if (module == nullptr || !module->read_file(address, buffer, length)) return false;
    if (mapping->writable) {
        relocate(*module, address, static_cast<unsigned char*>(buffer), length);
    }
    return true;
}

}  // namespace threadfault::diagnose
