// Reading another process's memory with process_vm_readv(2): the process is not stopped.
//
// What is read may change while it is read: one call is not a snapshot. Needs the ptrace access
// check (the process's own user and a dumpable process, or CAP_SYS_PTRACE; yama's ptrace_scope
// counts too).
#ifndef THREADFAULT_OBSERVE_MEMORY_HPP
#define THREADFAULT_OBSERVE_MEMORY_HPP

#include <sys/types.h>
#include <sys/uio.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace threadfault::observe {

// Thread-safe, unless it remembers: a Memory may be read through from several threads.
class Memory {
public:
    // A dead leader is no obstacle: the first read then finds a living thread.
    explicit Memory(pid_t pid) noexcept : pid_(pid), through_(pid) {}
    Memory(const Memory& other) noexcept
        : pid_(other.pid_), through_(other.through_.load()), pages_(other.pages_) {}
    Memory& operator=(const Memory& other) noexcept {
        if (this == &other) return *this;
        pid_ = other.pid_;
        through_ = other.through_.load();
        pages_ = other.pages_;
        return *this;
    }

    // One that reads whole pages and remembers them, for code, tables and lists, of which many
    // small pieces are read that lie close together. Its copies share what it knows. Not
    // thread-safe.
    Memory remembering() const;

    // False when any byte can't be read (unmapped, gone, not permitted).
    bool read(std::uint64_t address, void* buffer, std::size_t length) const noexcept;

    // Two places in one call. False when any byte can't be read.
    bool read_both(std::uint64_t first, void* first_buffer, std::size_t first_length,
                   std::uint64_t second, void* second_buffer,
                   std::size_t second_length) const noexcept;

    template <typename T>
    std::optional<T> read(std::uint64_t address) const noexcept {
        static_assert(std::is_trivially_copyable_v<T>);
        T value;
        if (!read(address, &value, sizeof value)) return std::nullopt;
        return value;
    }

    // As many bytes as can be read from `address` on, up to `length`.
    std::size_t read_some(std::uint64_t address, void* buffer, std::size_t length) const noexcept;

    // A NUL-terminated string; std::nullopt when no NUL is within `limit` bytes.
    std::optional<std::string> read_string(std::uint64_t address, std::size_t limit = 4096) const;

    // Many small reads in few system calls. values[i] is std::nullopt where addresses[i] can't be
    // read.
    void read_words(std::span<const std::uint64_t> addresses,
                    std::span<std::optional<std::uint32_t>> values) const {
        read_each(addresses, values);
    }

    // The same for any plain type.
    template <typename T>
    void read_each(std::span<const std::uint64_t> addresses,
                   std::span<std::optional<T>> values) const {
        static_assert(std::is_trivially_copyable_v<T>);
        std::vector<T> read(addresses.size());
        std::vector<unsigned char> done(addresses.size());
        read_many(addresses, sizeof(T), read.data(), done);
        for (std::size_t i = 0; i < addresses.size(); ++i)
            values[i] = done[i] ? std::optional<T>(read[i]) : std::nullopt;
    }

    // Whether memory can be read at all: false when the process is gone or the kernel's ptrace
    // access check says no.
    bool readable() const noexcept;

private:
    class Pages;
    bool read_remembered(std::uint64_t address, void* buffer, std::size_t length) const;
    std::optional<std::string> read_remembered_string(std::uint64_t address,
                                                      std::size_t limit) const;
    void read_many(std::span<const std::uint64_t> addresses, std::size_t size, void* buffer,
                   std::span<unsigned char> done) const;
    ssize_t read_vector(const iovec* local, const iovec* remote, std::size_t count) const noexcept;
    bool move_to_living_thread() const noexcept;

    pid_t pid_;
    mutable std::atomic<pid_t> through_;  // the thread that the reads name
    std::shared_ptr<Pages> pages_;        // nullptr: nothing is remembered
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_MEMORY_HPP
