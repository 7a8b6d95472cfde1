// What every fuzz target is: libFuzzer's entry point, here also called by replay.cpp.
#ifndef THREADFAULT_TESTS_FUZZ_FUZZ_HPP
#define THREADFAULT_TESTS_FUZZ_FUZZ_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// Returns 0. What is found, a sanitizer tells, or std::abort().
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace threadfault::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) noexcept {
    return {reinterpret_cast<const char*>(data), size};
}

// Numbers taken from the front of an input; 0 when it is used up.
class Bytes {
public:
    Bytes(const std::uint8_t* data, std::size_t size) noexcept : data_(data), size_(size) {}

    template <typename Number>
    Number take() noexcept {
        Number number{};
        const std::size_t length = sizeof number < size_ ? sizeof number : size_;
        if (length > 0) std::memcpy(&number, data_, length);
        skip(length);
        return number;
    }
    Bytes take_bytes(std::size_t length) noexcept {
        const Bytes taken(data_, length < size_ ? length : size_);
        skip(taken.size_);
        return taken;
    }
    const std::uint8_t* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }

private:
    void skip(std::size_t length) noexcept {
        data_ += length;
        size_ -= length;
    }

    const std::uint8_t* data_;
    std::size_t size_;
};

}  // namespace threadfault::fuzz

#endif  // THREADFAULT_TESTS_FUZZ_FUZZ_HPP
