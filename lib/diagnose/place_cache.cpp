#include "diagnose/place_cache.hpp"

#include "format/format.hpp"
#include "observe/memory.hpp"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string_view>

namespace threadfault::diagnose {
namespace {

constexpr std::time_t kDay = 24 * 3600;
constexpr std::string_view kFormat = "threadfault places 2";

// Owned by us and writable by us only: another user must not be able to choose the names we show.
bool is_private_directory(const std::string& path) {
    struct stat about {};
    return lstat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode) &&
           about.st_uid == geteuid() && (about.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::string cache_directory() {
    const char* const given = std::getenv("XDG_CACHE_HOME");
    const char* const home = std::getenv("HOME");
    std::string base;
    if (given != nullptr && given[0] == '/') {
        base = given;
    } else if (home != nullptr && home[0] == '/') {
        base = std::string(home) + "/.cache";
    } else {
        return {};
    }
    for (const char* part : {"", "/threadfault", "/places"}) {
        base += part;
        mkdir(base.c_str(), 0700);
    }
    return is_private_directory(base) ? base : std::string();
}

std::vector<std::string_view> fields_of(std::string_view line) {
    std::vector<std::string_view> fields;
    while (true) {
        const std::size_t tab = line.find('\t');
        fields.push_back(line.substr(0, tab));
        if (tab == std::string_view::npos) return fields;
        line.remove_prefix(tab + 1);
    }
}

template <typename Number>
bool to_number(std::string_view text, Number* value, int base) {
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, *value, base);
    return error == std::errc() && rest == end;
}

bool can_be_kept(const std::string& text) {
    return text.find_first_of("\t\n") == std::string::npos;
}

}  // namespace

std::string build_id_at(pid_t pid, std::uint64_t base) {
    const observe::Memory memory(pid);
    const auto header = memory.read<Elf64_Ehdr>(base);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_phnum > 256) {
        return {};
    }
    for (unsigned i = 0; i < header->e_phnum; ++i) {
        const auto segment =
            memory.read<Elf64_Phdr>(base + header->e_phoff + i * sizeof(Elf64_Phdr));
        // Notes lie in the first loaded segment, at their offset in the file.
        if (!segment || segment->p_type != PT_NOTE || segment->p_filesz > 4096) continue;
        std::vector<unsigned char> notes(segment->p_filesz);
        if (!memory.read(base + segment->p_offset, notes.data(), notes.size())) continue;
        std::size_t at = 0;
        while (at + sizeof(Elf64_Nhdr) <= notes.size()) {
            Elf64_Nhdr note;
            std::memcpy(&note, notes.data() + at, sizeof note);
            const std::size_t name = at + sizeof note;
            const std::size_t body = name + (std::size_t{note.n_namesz} + 3) / 4 * 4;
            const std::size_t end = body + (std::size_t{note.n_descsz} + 3) / 4 * 4;
            if (end > notes.size() || end <= at) break;
            if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
                std::memcmp(notes.data() + name, "GNU", 4) == 0) {
                std::string text;
                for (std::size_t byte = 0; byte < note.n_descsz; ++byte)
                    text += formatted("{:02x}", notes[body + byte]);
                return text;
            }
            at = end;
        }
    }
    return {};
}

PlaceCache::PlaceCache(const std::string& build_id) {
    const std::string directory = cache_directory();
    if (directory.empty()) return;
    path_ = directory + "/" + build_id;
    struct stat about {};
    if (stat(path_.c_str(), &about) != 0 || about.st_mtime + kDay < std::time(nullptr)) return;
    std::ifstream file(path_);
    std::string line;
    if (!std::getline(file, line) || line != kFormat) return;
    while (std::getline(file, line)) {
        const std::vector<std::string_view> fields = fields_of(line);
        std::uint64_t offset = 0;
        if (fields.size() < 5 || fields.size() % 4 != 1 || !to_number(fields[0], &offset, 16)) {
            continue;
        }
        std::vector<SourceLine>& lines = known_[offset];
        lines.clear();
        for (std::size_t i = 1; i + 3 < fields.size(); i += 4) {
            SourceLine& one = lines.emplace_back();
            one.function = fields[i];
            one.file = fields[i + 1];
            to_number(fields[i + 2], &one.line, 10);
            one.inlined = fields[i + 3] == "1";
        }
    }
}

bool PlaceCache::find(std::uint64_t offset, std::vector<SourceLine>* lines) const {
    const auto found = known_.find(offset);
    if (found == known_.end()) return false;
    *lines = found->second;
    return true;
}

void PlaceCache::add(std::uint64_t offset, const std::vector<SourceLine>& lines) {
    for (const SourceLine& line : lines)
        if (!can_be_kept(line.function) || !can_be_kept(line.file)) return;
    known_[offset] = lines;
    changed_ = true;
}

void PlaceCache::save() const {
    if (!changed_ || path_.empty()) return;
    const std::string fresh = formatted("{}.{}", path_, getpid());
    {
        std::ofstream file(fresh, std::ios::trunc);
        file << kFormat << '\n';
        for (const auto& [offset, lines] : known_) {
            file << formatted("{:x}", offset);
            for (const SourceLine& one : lines) {
                file << formatted("\t{}\t{}\t{}\t{}", one.function, one.file, one.line,
                                  one.inlined ? 1 : 0);
            }
            file << '\n';
        }
        if (!file.flush()) {
            unlink(fresh.c_str());
            return;
        }
    }
    if (rename(fresh.c_str(), path_.c_str()) != 0) unlink(fresh.c_str());
}

}  // namespace threadfault::diagnose
