// Internal to lib/observe: small files of /proc, read with few system calls.
#ifndef THREADFAULT_OBSERVE_PROC_FILE_HPP
#define THREADFAULT_OBSERVE_PROC_FILE_HPP

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace threadfault::observe {

// A descriptor that closes itself.
class Descriptor {
public:
    explicit Descriptor(int number = -1) noexcept : number_(number) {}
    ~Descriptor() { reset(); }
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) {
            reset();
            number_ = std::exchange(other.number_, -1);
        }
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int get() const noexcept { return number_; }
    bool valid() const noexcept { return number_ >= 0; }
    int release() noexcept { return std::exchange(number_, -1); }
    void reset() noexcept;

private:
    int number_;
};

// Reads at most buffer.size() bytes of `path` under the directory `directory_fd` (AT_FDCWD: path as
// it is). The number of bytes, or -errno. Thread-safe.
ssize_t read_small_file(int directory_fd, const char* path, std::span<char> buffer) noexcept;

// The whole file, whatever its length. std::nullopt: errno says why.
std::optional<std::string> read_whole_file(int directory_fd, const char* path);

// The entries of a directory whose names are decimal numbers, in the kernel's order, appended to
// `numbers`. False: errno says why. Opens the directory afresh, so that several threads may list
// it.
bool list_numbers(int directory_fd, const char* path, std::vector<pid_t>& numbers);

// Forgives nothing: digits only, no sign, no overflow.
std::optional<pid_t> parse_number(std::string_view text) noexcept;

}  // namespace threadfault::observe

#endif  // THREADFAULT_OBSERVE_PROC_FILE_HPP
