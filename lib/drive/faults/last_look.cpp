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

namespace {

// In front of the frames, the words of the stack, and for the rest the map.
struct Sizes {
    std::uint64_t frames = 0;
    std::uint64_t words = 0;
    std::uint64_t stack_pointer = 0;
    std::uint64_t instruction_pointer = 0;
    std::uint64_t frame_pointer = 0;
};

void append(const std::vector<std::uint64_t>& words, std::string* out) {
    out->append(reinterpret_cast<const char*>(words.data()), words.size() * sizeof words[0]);
}

// False: fewer are there.
bool take(std::string_view* bytes, std::uint64_t count, std::vector<std::uint64_t>* words) {
    if (count > bytes->size() / sizeof(std::uint64_t)) return false;
    words->resize(count);
    if (count != 0) std::memcpy(words->data(), bytes->data(), count * sizeof(std::uint64_t));
    bytes->remove_prefix(count * sizeof(std::uint64_t));
    return true;
}

}  // namespace

std::string to_bytes(const LastLook& look) {
    const KeptStack& stack = look.stack;
    const Sizes sizes{look.frames.size(), stack.words.size(), stack.stack_pointer,
                      stack.instruction_pointer, stack.frame_pointer};
    std::string out(reinterpret_cast<const char*>(&sizes), sizeof sizes);
    append(look.frames, &out);
    append(stack.words, &out);
    return out + look.maps;
}

std::optional<LastLook> parse_last_look(std::string_view bytes) {
    Sizes sizes;
    if (bytes.size() < sizeof sizes) return std::nullopt;
    std::memcpy(&sizes, bytes.data(), sizeof sizes);
    bytes.remove_prefix(sizeof sizes);
    if (sizes.frames == 0 && sizes.words == 0) return std::nullopt;
    LastLook look;
    look.stack = {sizes.stack_pointer, sizes.instruction_pointer, sizes.frame_pointer, {}};
    if (!take(&bytes, sizes.frames, &look.frames) || !take(&bytes, sizes.words, &look.stack.words))
        return std::nullopt;
    look.maps = bytes;
    return look;
}

}  // namespace threadfault::drive
