// Internal to lib/observe: one ELF file, or an image of one in memory, read through libelf.
//
// Files are read, never mapped: a file that is truncated while it is read gives a short
// read, not a SIGBUS.
#ifndef THREADFAULT_OBSERVE_ELF_FILE_HPP
#define THREADFAULT_OBSERVE_ELF_FILE_HPP

#include "base/descriptor.hpp"
#include "observe/proc_file.hpp"

#include <gelf.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace threadfault::observe {

struct DebugLink {
    std::string file_name;
    std::uint32_t crc = 0;
};

class ElfFile {
public:
    // std::nullopt when it is no ELF file.
    static std::optional<ElfFile> read(base::Descriptor file);
    static std::optional<ElfFile> from_image(std::vector<char> image);

    ~ElfFile();
    ElfFile(ElfFile&& other) noexcept;
    ElfFile& operator=(ElfFile&& other) noexcept;
    ElfFile(const ElfFile&) = delete;
    ElfFile& operator=(const ElfFile&) = delete;

    Elf* handle() const noexcept { return elf_; }
    std::optional<GElf_Ehdr> header() const;
    std::vector<GElf_Phdr> program_headers() const;
    bool has_section_of_type(std::uint32_t type) const;
    std::optional<GElf_Shdr> section(std::string_view name) const;

    std::string build_id() const;  // raw bytes; "" without one
    std::optional<DebugLink> debug_link() const;
    std::optional<std::string> interpreter() const;  // PT_INTERP
    std::vector<std::string> needed() const;         // DT_NEEDED

private:
    ElfFile(base::Descriptor file, std::vector<char> image, Elf* elf)
        : file_(std::move(file)), image_(std::move(image)), elf_(elf) {}
    std::string bytes_at(std::uint64_t offset, std::uint64_t length) const;

    base::Descriptor file_;
    std::vector<char> image_;
    Elf* elf_ = nullptr;
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_ELF_FILE_HPP
