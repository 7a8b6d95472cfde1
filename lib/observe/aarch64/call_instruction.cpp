#include "observe/call_instruction.hpp"

#include <cstring>

// Encodings: Arm Architecture Reference Manual for A-profile, C4.1. Every instruction is one word.

namespace threadfault::observe {
namespace {

constexpr std::uint64_t kWord = 4;
constexpr std::uint64_t kPage = 4096;

std::uint32_t word_at(const unsigned char* bytes) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

// `bits` bits of it from `low` on, with their sign.
std::int64_t signed_field(std::uint32_t word, unsigned low, unsigned bits) {
    const auto field = static_cast<std::int64_t>(word >> low & ((1U << bits) - 1));
    const std::int64_t half = std::int64_t{1} << (bits - 1);
    return field >= half ? field - 2 * half : field;
}

std::uint64_t from(std::uint64_t address, std::int64_t words) {
    return address + static_cast<std::uint64_t>(words * static_cast<std::int64_t>(kWord));
}

unsigned low_register(std::uint32_t word) {
    return word & 31;
}
unsigned second_register(std::uint32_t word) {
    return word >> 5 & 31;
}

bool is_blr(std::uint32_t word) {
    return (word & 0xfffffc1f) == 0xd63f0000;
}

// adrp register, page
std::optional<std::uint64_t> page_of(std::uint32_t word, std::uint64_t address) {
    if ((word & 0x9f000000) != 0x90000000) return std::nullopt;
    const std::int64_t pages = signed_field(word, 5, 19) * 4 + (word >> 29 & 3);
    return (address & ~(kPage - 1)) +
           static_cast<std::uint64_t>(pages * static_cast<std::int64_t>(kPage));
}

// adrp base, page; ldr into, [base, #offset]: where that is; `adrp` stands at `address`.
std::optional<std::uint64_t> loaded_from(std::uint32_t adrp, std::uint32_t load, unsigned into,
                                         std::uint64_t address) {
    const auto page = page_of(adrp, address);
    const bool loads = (load & 0xffc00000) == 0xf9400000 && low_register(load) == into &&
                       second_register(load) == low_register(adrp);
    if (!page || !loads) return std::nullopt;
    return *page + (load >> 10 & 0xfff) * sizeof(std::uint64_t);
}

}  // namespace

std::optional<std::uint64_t> direct_target(const BytesBeforeReturn& bytes,
                                           std::uint64_t return_address) {
    const std::uint32_t word = word_at(bytes.data() + bytes.size() - kWord);
    if ((word & 0xfc000000) != 0x94000000) return std::nullopt;  // bl
    return from(return_address - kWord, signed_field(word, 0, 26));
}

std::optional<std::uint64_t> called_slot(const BytesBeforeReturn& bytes,
                                         std::uint64_t return_address) {
    const unsigned char* const end = bytes.data() + bytes.size();
    const std::uint32_t call = word_at(end - kWord);
    if (!is_blr(call)) return std::nullopt;
    return loaded_from(word_at(end - 3 * kWord), word_at(end - 2 * kWord), second_register(call),
                       return_address - 3 * kWord);
}

bool is_indirect_call(const BytesBeforeReturn& bytes) {
    return is_blr(word_at(bytes.data() + bytes.size() - kWord));
}

std::optional<std::uint64_t> first_argument(const BytesBeforeReturn& bytes,
                                            std::uint64_t call_address) {
    const unsigned char* const end = bytes.data() + bytes.size();
    const std::uint32_t add = word_at(end - kWord);
    const std::uint32_t adrp = word_at(end - 2 * kWord);
    // adrp base, page; add x0, base, #offset
    const auto page = page_of(adrp, call_address - 2 * kWord);
    const bool adds = (add & 0xffc00000) == 0x91000000 && low_register(add) == 0 &&
                      second_register(add) == low_register(adrp);
    if (!page || !adds) return std::nullopt;
    return *page + (add >> 10 & 0xfff);
}

std::optional<std::uint64_t> slot_of_stub(const StubBytes& bytes, std::uint64_t address) {
    constexpr std::uint32_t kMark = 0xd503245f;  // bti c
    constexpr unsigned kLoaded = 17;
    const std::size_t skip = word_at(bytes.data()) == kMark ? kWord : 0;
    return loaded_from(word_at(&bytes[skip]), word_at(&bytes[skip + kWord]), kLoaded,
                       address + skip);
}

std::vector<std::uint64_t> jump_targets(std::span<const unsigned char> code,
                                        std::uint64_t address) {
    std::vector<std::uint64_t> targets;
    for (std::size_t at = 0; at + kWord <= code.size(); at += kWord) {
        const std::uint32_t word = word_at(&code[at]);
        const std::uint64_t here = address + at;
        if ((word & 0xfc000000) == 0x14000000) {  // b
            targets.push_back(from(here, signed_field(word, 0, 26)));
        } else if ((word & 0xff000010) == 0x54000000 ||  // b.cond
                   (word & 0x7e000000) == 0x34000000) {  // cbz, cbnz
            targets.push_back(from(here, signed_field(word, 5, 19)));
        } else if ((word & 0x7e000000) == 0x36000000) {  // tbz, tbnz
            targets.push_back(from(here, signed_field(word, 5, 14)));
        }
    }
    return targets;
}

}  // namespace threadfault::observe
