#include "drive/faults/last_look.hpp"

#include "format/format.hpp"

#include <cstring>
#include <map>

namespace threadfault::drive {

std::string maps_text(const std::vector<observe::LoadedModule>& modules) {
    std::map<std::uint64_t, std::string> lines;
    for (std::size_t i = 0; i < modules.size(); ++i) {
        for (const observe::LoadedModule::Part& part : modules[i].parts) {
            lines[part.begin] =
                formatted("{:x}-{:x} r{}{}p {:08x} 00:01 {} {}\n", part.begin, part.end,
                          part.writable ? 'w' : '-', part.executable ? 'x' : '-', part.offset,
                          i + 1, modules[i].path);
        }
    }
    std::string text;
    for (const auto& [begin, line] : lines)
        text += line;
    return text;
}

// How many frames, the frames, and for the rest the map.
std::string to_bytes(const LastLook& look) {
    const std::uint64_t count = look.frames.size();
    std::string out(reinterpret_cast<const char*>(&count), sizeof count);
    out.append(reinterpret_cast<const char*>(look.frames.data()), count * sizeof look.frames[0]);
    return out + look.maps;
}

std::optional<LastLook> parse_last_look(std::string_view bytes) {
    LastLook look;
    std::uint64_t count = 0;
    if (bytes.size() < sizeof count) return std::nullopt;
    std::memcpy(&count, bytes.data(), sizeof count);
    bytes.remove_prefix(sizeof count);
    if (count == 0 || count > bytes.size() / sizeof look.frames[0]) return std::nullopt;
    look.frames.resize(count);
    std::memcpy(look.frames.data(), bytes.data(), count * sizeof look.frames[0]);
    look.maps = bytes.substr(count * sizeof look.frames[0]);
    return look;
}

}  // namespace threadfault::drive
