// Another process's memory, read page by page and kept: what an unwinder reads again and again.
#ifndef THREADFAULT_DIAGNOSE_REMOTE_MEMORY_HPP
#define THREADFAULT_DIAGNOSE_REMOTE_MEMORY_HPP

#include "observe/memory.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

namespace threadfault::diagnose {

// A part of a stack that was copied at a certain moment: it goes before what memory holds now.
struct StackCopy {
    std::uint64_t address = 0;
    std::span<const unsigned char> bytes;
};

// Not thread-safe.
class RemoteMemory {
public:
    // Reads `length` bytes at an address; false: can't be read.
    using Source = std::function<bool(std::uint64_t address, void* buffer, std::size_t length)>;

    explicit RemoteMemory(pid_t pid)
        : source_([memory = observe::Memory(pid)](std::uint64_t address, void* buffer,
                                                  std::size_t length) {
              return memory.read(address, buffer, length);
          }) {}
    // Of a process that has ended, from what was kept of it.
    explicit RemoteMemory(Source source) : source_(std::move(source)) {}

    // Eight bytes, wherever they lie; std::nullopt: not mapped.
    std::optional<std::uint64_t> word(std::uint64_t address, const StackCopy& stack);
    std::optional<std::uint64_t> word(std::uint64_t address) { return word(address, {}); }
    bool read(std::uint64_t address, void* buffer, std::size_t length);
    // A NUL-terminated string of at most `limit` bytes.
    std::string text(std::uint64_t address, std::size_t limit = 256);

private:
    static constexpr std::uint64_t kPage = 4096;
    using Page = std::array<unsigned char, kPage>;
    const Page* page(std::uint64_t begin);

    Source source_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages_;
    std::uint64_t last_begin_ = 1;  // no page begins there
    const Page* last_ = nullptr;
};

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_REMOTE_MEMORY_HPP
