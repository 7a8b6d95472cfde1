// Reading another process's memory with process_vm_readv(2): the process is not stopped.
#ifndef THREADFAULT_OBSERVE_MEMORY_HPP
#define THREADFAULT_OBSERVE_MEMORY_HPP

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace threadfault::observe {

class Memory {
public:
    explicit Memory(pid_t pid) noexcept : pid_(pid) {}

    // False when any byte can't be read (unmapped, gone, not permitted).
    bool read(std::uint64_t address, void* buffer, std::size_t length) const noexcept;

    template <typename T>
    std::optional<T> read(std::uint64_t address) const noexcept {
        T value;
        if (!read(address, &value, sizeof value)) return std::nullopt;
        return value;
    }

    // Many small reads in few system calls. values[i] is std::nullopt where addresses[i] can't be
    // read.
    void read_words(std::span<const std::uint64_t> addresses,
                    std::span<std::optional<std::uint32_t>> values) const;

private:
    pid_t pid_;
};

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_MEMORY_HPP
