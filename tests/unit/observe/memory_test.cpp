#include "observe/memory.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace threadfault::observe {
namespace {

// Three pages, of which the last can't be read.
class Pages {
public:
    Pages() {
        void* const memory = mmap(nullptr, kCount * size(), PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        begin_ = static_cast<unsigned char*>(memory);
        for (std::size_t i = 0; i < 2 * size(); ++i)
            begin_[i] = static_cast<unsigned char>(i * 7);
        mprotect(begin_ + 2 * size(), size(), PROT_NONE);
    }
    ~Pages() { munmap(begin_, kCount * size()); }
    Pages(const Pages&) = delete;
    Pages& operator=(const Pages&) = delete;

    static std::size_t size() { return static_cast<std::size_t>(getpagesize()); }
    unsigned char* at(std::size_t offset) const { return begin_ + offset; }
    std::uint64_t address(std::size_t offset) const {
        return reinterpret_cast<std::uint64_t>(begin_ + offset);
    }

private:
    static constexpr std::size_t kCount = 3;
    unsigned char* begin_;
};

TEST(Memory, ThatRemembersReadsTheSame) {
    const Pages pages;
    const Memory remembering = Memory(getpid()).remembering();
    for (const std::size_t offset : {std::size_t{0}, Pages::size() - 3, 2 * Pages::size() - 8}) {
        unsigned char bytes[8] = {};
        ASSERT_TRUE(remembering.read(pages.address(offset), bytes, sizeof bytes)) << offset;
        EXPECT_EQ(0, std::memcmp(bytes, pages.at(offset), sizeof bytes)) << offset;
    }
    EXPECT_FALSE(remembering.read<std::uint64_t>(pages.address(2 * Pages::size() - 4)));
    EXPECT_FALSE(remembering.read<std::uint64_t>(pages.address(2 * Pages::size())));
}

TEST(Memory, ThatRemembersDoesSoInItsCopies) {
    const Pages pages;
    const Memory memory(getpid());
    const Memory remembering = memory.remembering();
    const Memory copy = remembering.remembering();
    const auto before = remembering.read<unsigned char>(pages.address(5));
    *pages.at(5) = 200;
    EXPECT_EQ(before, copy.read<unsigned char>(pages.address(5)));
    EXPECT_EQ(200, memory.read<unsigned char>(pages.address(5)));
}

TEST(Memory, StringsEndAtTheirNul) {
    const Pages pages;
    const std::size_t across = Pages::size() - 4;
    std::memcpy(pages.at(across), "across pages", 13);
    std::memset(pages.at(2 * Pages::size() - 4), 'x', 4);
    for (const Memory& memory : {Memory(getpid()), Memory(getpid()).remembering()}) {
        EXPECT_EQ("across pages", memory.read_string(pages.address(across)));
        EXPECT_EQ(std::nullopt, memory.read_string(pages.address(across), 6));
        EXPECT_EQ(std::nullopt, memory.read_string(pages.address(2 * Pages::size() - 4)));
    }
}

TEST(Memory, ReadsUpToWhatCannotBeRead) {
    const Pages pages;
    std::vector<unsigned char> bytes(2 * Pages::size());
    EXPECT_EQ(100U, Memory(getpid()).read_some(pages.address(2 * Pages::size() - 100), bytes.data(),
                                               bytes.size()));
    EXPECT_EQ(0U, Memory(getpid()).read_some(pages.address(2 * Pages::size()), bytes.data(), 100));
}

}  // namespace
}  // namespace threadfault::observe
