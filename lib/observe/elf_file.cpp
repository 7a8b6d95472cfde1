#include "observe/elf_file.hpp"

#include "base/descriptor.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace threadfault::observe {
namespace {

constexpr std::uint64_t kSaneLength = std::uint64_t{1} << 20;  // of an interpreter's or note's text

bool libelf_ready() {
    static const bool ready = ::elf_version(EV_CURRENT) != EV_NONE;
    return ready;
}

std::string_view section_text(Elf_Scn* section) {
    const Elf_Data* data = ::elf_rawdata(section, nullptr);
    if (data == nullptr || data->d_buf == nullptr) return {};
    return {static_cast<const char*>(data->d_buf), data->d_size};
}

// The build-id note in `data`, or "".
std::string find_build_id(Elf_Data* data) {
    if (data == nullptr) return {};
    GElf_Nhdr note{};
    std::size_t name = 0;
    std::size_t description = 0;
    for (std::size_t at = 0; (at = ::gelf_getnote(data, at, &note, &name, &description)) > 0;) {
        const char* bytes = static_cast<const char*>(data->d_buf);
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            std::memcmp(bytes + name, "GNU", 4) == 0 && note.n_descsz > 0)
            return {bytes + description, note.n_descsz};
    }
    return {};
}

}  // namespace

std::optional<ElfFile> ElfFile::read(base::Descriptor file) {
    if (!libelf_ready() || !file) return std::nullopt;
    Elf* elf = ::elf_begin(file.get(), ELF_C_READ, nullptr);
    if (elf == nullptr) return std::nullopt;
    ElfFile result(std::move(file), {}, elf);
    if (::elf_kind(elf) != ELF_K_ELF) return std::nullopt;
    return result;
}

std::optional<ElfFile> ElfFile::from_image(std::vector<char> image) {
    if (!libelf_ready() || image.empty()) return std::nullopt;
    Elf* elf = ::elf_memory(image.data(), image.size());
    if (elf == nullptr) return std::nullopt;
    ElfFile result(base::Descriptor(), std::move(image),
                   elf);  // moving a vector leaves its bytes there
    if (::elf_kind(elf) != ELF_K_ELF) return std::nullopt;
    return result;
}

ElfFile::~ElfFile() {
    if (elf_ != nullptr) ::elf_end(elf_);
}

ElfFile::ElfFile(ElfFile&& other) noexcept
    : file_(std::move(other.file_)),
      image_(std::move(other.image_)),
      elf_(std::exchange(other.elf_, nullptr)) {}

ElfFile& ElfFile::operator=(ElfFile&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(image_, other.image_);
    std::swap(elf_, other.elf_);
    return *this;
}

std::optional<GElf_Ehdr> ElfFile::header() const {
    GElf_Ehdr header{};
    if (::gelf_getehdr(elf_, &header) == nullptr) return std::nullopt;
    return header;
}

std::vector<GElf_Phdr> ElfFile::program_headers() const {
    std::vector<GElf_Phdr> headers;
    std::size_t count = 0;
    if (::elf_getphdrnum(elf_, &count) != 0) return headers;
    for (std::size_t i = 0; i < count; ++i) {
        GElf_Phdr header{};
        if (::gelf_getphdr(elf_, static_cast<int>(i), &header) == nullptr) break;
        headers.push_back(header);
    }
    return headers;
}

bool ElfFile::has_section_of_type(std::uint32_t type) const {
    for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf_, section)) != nullptr;) {
        GElf_Shdr header{};
        if (::gelf_getshdr(section, &header) != nullptr && header.sh_type == type) return true;
    }
    return false;
}

std::optional<GElf_Shdr> ElfFile::section(std::string_view name) const {
    std::size_t names = 0;
    if (::elf_getshdrstrndx(elf_, &names) != 0) return std::nullopt;
    for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf_, section)) != nullptr;) {
        GElf_Shdr header{};
        if (::gelf_getshdr(section, &header) == nullptr) continue;
        const char* const own = ::elf_strptr(elf_, names, header.sh_name);
        if (own != nullptr && own == name) return header;
    }
    return std::nullopt;
}

std::string ElfFile::build_id() const {
    for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf_, section)) != nullptr;) {
        GElf_Shdr header{};
        if (::gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_NOTE) continue;
        std::string id = find_build_id(::elf_getdata(section, nullptr));
        if (!id.empty()) return id;
    }
    for (const GElf_Phdr& header : program_headers()) {
        if (header.p_type != PT_NOTE || header.p_filesz > kSaneLength) continue;
        std::string id = find_build_id(::elf_getdata_rawchunk(
            elf_, static_cast<std::int64_t>(header.p_offset), header.p_filesz,
            header.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR));
        if (!id.empty()) return id;
    }
    return {};
}

std::optional<DebugLink> ElfFile::debug_link() const {
    std::size_t names = 0;
    if (::elf_getshdrstrndx(elf_, &names) != 0) return std::nullopt;
    for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf_, section)) != nullptr;) {
        GElf_Shdr header{};
        if (::gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_PROGBITS) continue;
        const char* name = ::elf_strptr(elf_, names, header.sh_name);
        if (name == nullptr || std::strcmp(name, ".gnu_debuglink") != 0) continue;
        // The name, NUL, padding to four bytes, the file's CRC.
        const std::string_view text = section_text(section);
        const std::size_t end = text.find('\0');
        if (end == 0 || end == std::string_view::npos) return std::nullopt;
        const std::size_t crc_at = (end + 4) & ~std::size_t{3};
        if (crc_at + 4 > text.size()) return std::nullopt;
        DebugLink link;
        link.file_name = text.substr(0, end);
        std::memcpy(&link.crc, text.data() + crc_at, 4);
        return link;
    }
    return std::nullopt;
}

std::string ElfFile::bytes_at(std::uint64_t offset, std::uint64_t length) const {
    if (length == 0 || length > kSaneLength) return {};
    const Elf_Data* data =
        ::elf_getdata_rawchunk(elf_, static_cast<std::int64_t>(offset), length, ELF_T_BYTE);
    if (data == nullptr || data->d_buf == nullptr) return {};
    return {static_cast<const char*>(data->d_buf), data->d_size};
}

std::optional<std::string> ElfFile::interpreter() const {
    for (const GElf_Phdr& header : program_headers()) {
        if (header.p_type != PT_INTERP) continue;
        std::string path = bytes_at(header.p_offset, header.p_filesz);
        path.resize(std::min(path.find('\0'), path.size()));
        return path;
    }
    return std::nullopt;
}

std::vector<std::string> ElfFile::needed() const {
    std::vector<std::string> names;
    const std::vector<GElf_Phdr> segments = program_headers();
    for (const GElf_Phdr& dynamic : segments) {
        if (dynamic.p_type != PT_DYNAMIC || dynamic.p_filesz > kSaneLength) continue;
        Elf_Data* data = ::elf_getdata_rawchunk(elf_, static_cast<std::int64_t>(dynamic.p_offset),
                                                dynamic.p_filesz, ELF_T_DYN);
        if (data == nullptr) return names;
        std::vector<std::uint64_t> offsets;
        std::uint64_t strings = 0;
        std::uint64_t strings_size = 0;
        GElf_Dyn entry{};
        for (int i = 0; ::gelf_getdyn(data, i, &entry) != nullptr && entry.d_tag != DT_NULL; ++i) {
            if (entry.d_tag == DT_NEEDED) offsets.push_back(entry.d_un.d_val);
            if (entry.d_tag == DT_STRTAB) strings = entry.d_un.d_ptr;
            if (entry.d_tag == DT_STRSZ) strings_size = entry.d_un.d_val;
        }
        // DT_STRTAB is a link-time address; its place in the file is told by the segment around it.
        // Not the section headers: a stripped program may have none.
        for (const GElf_Phdr& segment : segments) {
            if (segment.p_type != PT_LOAD || strings < segment.p_vaddr ||
                strings - segment.p_vaddr >= segment.p_filesz)
                continue;
            const std::string table =
                bytes_at(strings - segment.p_vaddr + segment.p_offset, strings_size);
            for (const std::uint64_t offset : offsets)
                if (offset < table.size()) names.emplace_back(table.c_str() + offset);
            return names;
        }
    }
    return names;
}

}  // namespace threadfault::observe
