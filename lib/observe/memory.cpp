#include "observe/memory.hpp"

#include "observe/proc_file.hpp"

#include <fcntl.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

namespace threadfault::observe {
namespace {

constexpr std::size_t kBatch = 1024;  // UIO_MAXIOV

// Address 0 is not mapped: EFAULT says that the thread has a memory and that it may be read.
bool has_readable_memory(pid_t tid) noexcept {
    char byte = 0;
    const iovec local{&byte, 1};
    const iovec remote{nullptr, 1};
    return ::process_vm_readv(tid, &local, 1, &remote, 1, 0) >= 0 || errno == EFAULT;
}

}  // namespace

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
    }
    return done;
}

std::optional<std::string> Memory::read_string(std::uint64_t address, std::size_t limit) const {
    std::string text(limit, '\0');
    text.resize(read_some(address, text.data(), limit));
    const std::size_t end = text.find('\0');
    if (end == std::string::npos) return std::nullopt;
    text.resize(end);
    return text;
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
