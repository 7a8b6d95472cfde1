#include "diagnose/remote_memory.hpp"

#include <algorithm>
#include <cstring>

namespace threadfault::diagnose {

const RemoteMemory::Page* RemoteMemory::page(std::uint64_t begin) {
    if (begin == last_begin_) return last_;
    const auto [entry, fresh] = pages_.try_emplace(begin);
    if (fresh) {
        auto bytes = std::make_unique<Page>();
        if (source_(begin, bytes->data(), kPage)) entry->second = std::move(bytes);
    }
    last_begin_ = begin;
    last_ = entry->second.get();
    return last_;
}

bool RemoteMemory::read(std::uint64_t address, void* buffer, std::size_t length) {
    auto* out = static_cast<unsigned char*>(buffer);
    while (length > 0) {
        const std::uint64_t begin = address & ~(kPage - 1);
        const std::size_t at = address - begin;
        const std::size_t part = std::min<std::size_t>(length, kPage - at);
        const Page* const bytes = page(begin);
        if (bytes == nullptr) return false;
        std::memcpy(out, bytes->data() + at, part);
        out += part;
        address += part;
        length -= part;
    }
    return true;
}

std::optional<std::uint64_t> RemoteMemory::word(std::uint64_t address, const StackCopy& stack) {
    std::uint64_t value = 0;
    const std::uint64_t at = address - stack.address;
    if (address >= stack.address && at < stack.bytes.size() &&
        stack.bytes.size() - at >= sizeof value) {
        std::memcpy(&value, stack.bytes.data() + at, sizeof value);
        return value;
    }
    if (!read(address, &value, sizeof value)) return std::nullopt;
    return value;
}

std::string RemoteMemory::text(std::uint64_t address, std::size_t limit) {
    std::string out;
    for (char character = 0; out.size() < limit; ++address, out += character) {
        if (!read(address, &character, 1) || character == '\0') break;
    }
    return out;
}

}  // namespace threadfault::diagnose
