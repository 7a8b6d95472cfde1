#include "observe/memory.hpp"

#include "observe/proc_file.hpp"

#include <fcntl.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

namespace threadfault::observe {
namespace {

constexpr std::size_t kBatch = 1024;  // UIO_MAXIOV
constexpr std::size_t kPageSize = 4096;
// Longer reads are few, and what they read is not read again.
constexpr std::size_t kLongestRemembered = kPageSize;

// Address 0 is not mapped: EFAULT says that the thread has a memory and that it may be read.
bool has_readable_memory(pid_t tid) noexcept {
    char byte = 0;
    const iovec local{&byte, 1};
    const iovec remote{nullptr, 1};
    return ::process_vm_readv(tid, &local, 1, &remote, 1, 0) >= 0 || errno == EFAULT;
}

}  // namespace

class Memory::Pages {
public:
    using Page = std::array<unsigned char, kPageSize>;

    // nullptr: it can't be read.
    const Page* of(std::uint64_t address, const Memory& memory) {
        const auto [entry, fresh] = pages_.try_emplace(address / kPageSize);
        if (fresh) {
            auto page = std::make_unique_for_overwrite<Page>();
            const std::uint64_t begin = address / kPageSize * kPageSize;
            if (memory.read_some(begin, page->data(), kPageSize) == kPageSize)
                entry->second = std::move(page);
        }
        return entry->second.get();
    }

private:
    std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages_;  // by number
};

Memory Memory::remembering() const {
    Memory memory(*this);
    if (!memory.pages_) memory.pages_ = std::make_shared<Pages>();
    return memory;
}

bool Memory::read_remembered(std::uint64_t address, void* buffer, std::size_t length) const {
    auto* to = static_cast<unsigned char*>(buffer);
    while (length > 0) {
        const Pages::Page* const page = pages_->of(address, *this);
        if (page == nullptr) return false;
        const std::size_t offset = address % kPageSize;
        const std::size_t part = std::min(length, kPageSize - offset);
        std::memcpy(to, page->data() + offset, part);
        to += part;
        address += part;
        length -= part;
    }
    return true;
}

// A dead leader has no memory of its own any more; any living thread's id reaches the same memory.
bool Memory::move_to_living_thread() const noexcept {
    try {
        std::vector<pid_t> tids;
        const std::string path = "/proc/" + std::to_string(pid_) + "/task";
        if (!list_numbers(AT_FDCWD, path.c_str(), &tids)) return false;
        for (const pid_t tid : tids) {
            if (!has_readable_memory(tid)) continue;
            through_.store(tid, std::memory_order_relaxed);
            return true;
        }
    } catch (...) {
        // Out of memory: as good as not readable.
    }
    return false;
}

bool Memory::readable() const noexcept {
    if (has_readable_memory(through_.load(std::memory_order_relaxed))) return true;
    return errno == ESRCH && move_to_living_thread();
}

ssize_t Memory::read_vector(const iovec* local, const iovec* remote,
                            std::size_t count) const noexcept {
    for (int attempt = 0;; ++attempt) {
        const ssize_t got = ::process_vm_readv(through_.load(std::memory_order_relaxed), local,
                                               count, remote, count, 0);
        if (got >= 0 || errno != ESRCH || attempt == 1 || !move_to_living_thread()) return got;
    }
}

bool Memory::read(std::uint64_t address, void* buffer, std::size_t length) const noexcept {
    if (pages_ && length <= kLongestRemembered) {
        try {
            return read_remembered(address, buffer, length);
        } catch (...) {
            // Out of memory: it can be read without remembering it.
        }
    }
    return read_some(address, buffer, length) == length;
}

bool Memory::read_both(std::uint64_t first, void* first_buffer, std::size_t first_length,
                       std::uint64_t second, void* second_buffer,
                       std::size_t second_length) const noexcept {
    const iovec local[] = {{first_buffer, first_length}, {second_buffer, second_length}};
    const iovec remote[] = {{reinterpret_cast<void*>(first), first_length},
                            {reinterpret_cast<void*>(second), second_length}};
    return read_vector(local, remote, 2) == static_cast<ssize_t>(first_length + second_length);
}

std::size_t Memory::read_some(std::uint64_t address, void* buffer,
                              std::size_t length) const noexcept {
    std::size_t done = 0;
    while (done < length) {
        const iovec local{static_cast<char*>(buffer) + done, length - done};
        const iovec remote{reinterpret_cast<void*>(address + done), length - done};
        const ssize_t got = read_vector(&local, &remote, 1);
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
        // The kernel stops early at a page that it can't read, and nowhere else.
        if (done < length && (address + done) % kPageSize == 0) break;
    }
    return done;
}

std::optional<std::string> Memory::read_string(std::uint64_t address, std::size_t limit) const {
    if (pages_) return read_remembered_string(address, limit);
    std::string text(limit, '\0');
    text.resize(read_some(address, text.data(), limit));
    const std::size_t end = text.find('\0');
    if (end == std::string::npos) return std::nullopt;
    text.resize(end);
    return text;
}

std::optional<std::string> Memory::read_remembered_string(std::uint64_t address,
                                                          std::size_t limit) const {
    std::string text;
    while (text.size() < limit) {
        const Pages::Page* const page = pages_->of(address, *this);
        if (page == nullptr) return std::nullopt;
        const std::size_t offset = address % kPageSize;
        const std::string_view rest(reinterpret_cast<const char*>(page->data()) + offset,
                                    std::min(kPageSize - offset, limit - text.size()));
        const std::size_t end = rest.find('\0');
        text.append(rest.substr(0, end));
        if (end != std::string_view::npos) return text;
        address += rest.size();
    }
    return std::nullopt;
}

void Memory::read_many(std::span<const std::uint64_t> addresses, std::size_t size, void* buffer,
                       std::span<unsigned char> done) const {
    std::fill(done.begin(), done.end(), static_cast<unsigned char>(0));
    std::vector<iovec> local(std::min(kBatch, addresses.size()));
    std::vector<iovec> remote(local.size());
    std::size_t position = 0;
    while (position < addresses.size()) {
        const std::size_t count = std::min(kBatch, addresses.size() - position);
        for (std::size_t i = 0; i < count; ++i) {
            local[i] = {static_cast<char*>(buffer) + (position + i) * size, size};
            remote[i] = {reinterpret_cast<void*>(addresses[position + i]), size};
        }
        const ssize_t got = read_vector(local.data(), remote.data(), count);
        if (got < 0 && errno != EFAULT) return;  // gone or not permitted: so are all the others
        // The kernel stops at the first element that it can't read whole, and says how far it came.
        const std::size_t whole = got < 0 ? 0 : static_cast<std::size_t>(got) / size;
        std::fill_n(done.begin() + static_cast<std::ptrdiff_t>(position), whole,
                    static_cast<unsigned char>(1));
        position += whole;
        if (whole < count) ++position;
    }
}

}  // namespace threadfault::observe
