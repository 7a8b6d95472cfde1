#include "observe/maps.hpp"

#include "observe/proc_file.hpp"
#include "threadfault/error.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace threadfault::observe {
namespace {

bool take_number(std::string_view* text, std::uint64_t* value, int base, char end_mark) {
    const auto [end, error] =
        std::from_chars(text->data(), text->data() + text->size(), *value, base);
    if (error != std::errc() || end == text->data() + text->size()) return false;
    if (*end != end_mark) return false;
    text->remove_prefix(static_cast<std::size_t>(end - text->data()) + 1);
    return true;
}

// The kernel writes a newline in a path as \012, and nothing else differently.
std::string unescape(std::string_view path) {
    std::string result;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (path.substr(i, 4) == "\\012") {
            result += '\n';
            i += 3;
        } else {
            result += path[i];
        }
    }
    return result;
}

// "begin-end perms offset major:minor inode   path"
bool parse_line(std::string_view line, Mapping* mapping) {
    std::string_view rest = line;
    if (!take_number(&rest, &mapping->begin, 16, '-') ||
        !take_number(&rest, &mapping->end, 16, ' '))
        return false;
    if (mapping->end <= mapping->begin || rest.size() < 5 || rest[4] != ' ') return false;
    mapping->readable = rest[0] == 'r';
    mapping->writable = rest[1] == 'w';
    mapping->executable = rest[2] == 'x';
    mapping->shared = rest[3] == 's';
    rest.remove_prefix(5);
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    if (!take_number(&rest, &mapping->offset, 16, ' ') || !take_number(&rest, &major, 16, ':') ||
        !take_number(&rest, &minor, 16, ' '))
        return false;
    mapping->device = major << 32 | minor;
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), mapping->inode, 10);
    if (error != std::errc()) return false;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (!rest.empty() && rest.front() != ' ') return false;
    const std::size_t path = rest.find_first_not_of(' ');
    if (path == std::string_view::npos) return true;
    rest.remove_prefix(path);
    constexpr std::string_view kDeleted = " (deleted)";
    if (rest.front() == '/' && rest.ends_with(kDeleted)) {
        mapping->deleted = true;
        rest.remove_suffix(kDeleted.size());
    }
    mapping->path = unescape(rest);
    return true;
}

std::vector<Mapping> read_maps(const Process& process) {
    const std::string path = process.living_task_path("maps");
    const auto text = read_whole_file(AT_FDCWD, path.c_str());
    if (text) return parse_maps(*text);
    const int error = errno;
    const std::string pid = std::to_string(process.pid());
    const std::error_code code(error, std::system_category());
    if (error == ENOENT || error == ESRCH)
        throw Error(ErrorCode::no_such_process, "no process " + pid, "", code);
    throw Error(ErrorCode::not_permitted, "not permitted to read the memory map of process " + pid,
                "", code);
}

}  // namespace

std::string_view file_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

std::vector<Mapping> parse_maps(std::string_view text) {
    std::vector<Mapping> mappings;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        Mapping mapping;
        if (parse_line(text.substr(0, end), &mapping)) mappings.push_back(std::move(mapping));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    // A map that changes while it is read may show a mapping twice or out of order.
    std::stable_sort(mappings.begin(), mappings.end(),
                     [](const Mapping& a, const Mapping& b) { return a.begin < b.begin; });
    return mappings;
}

Maps::Maps(const Process& process) : mappings_(read_maps(process)) {}

const Mapping* Maps::find(std::uint64_t address) const noexcept {
    auto after = std::upper_bound(
        mappings_.begin(), mappings_.end(), address,
        [](std::uint64_t value, const Mapping& mapping) { return value < mapping.begin; });
    if (after == mappings_.begin()) return nullptr;
    --after;
    return address < after->end ? &*after : nullptr;
}

const Mapping* Maps::find_file(std::string_view prefix) const noexcept {
    for (const Mapping& mapping : mappings_)
        if (!mapping.path.empty() && file_name(mapping.path).starts_with(prefix)) return &mapping;
    return nullptr;
}

}  // namespace threadfault::observe
