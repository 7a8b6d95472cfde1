// What the files say of this very process's memory, held to the memory itself.
#include "diagnose/remains.hpp"
#include "drive/faults/last_look.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <typeinfo>

namespace threadfault::diagnose {
namespace {

observe::Maps own_files() {
    const observe::Process self(getpid());
    const observe::Memory memory(getpid());
    return observe::Maps(
        observe::parse_maps(drive::maps_text(observe::loaded_modules(self, memory))));
}

class RemainsOfUs : public testing::Test {
protected:
    void expect_same(const void* address, std::size_t length, const char* what) {
        std::string read(length, '?');
        ASSERT_TRUE(
            remains_.read(reinterpret_cast<std::uint64_t>(address), read.data(), read.size()))
            << what;
        EXPECT_EQ(read, std::string(static_cast<const char*>(address), length)) << what;
    }
    Remains remains_{own_files()};
};

TEST_F(RemainsOfUs, CodeAndConstants) {
    static const char* volatile constant = "a constant";
    expect_same(const_cast<const char*>(constant), 11, "a constant");
    expect_same(reinterpret_cast<const void*>(&own_files), 16, "code");
}

// R_X86_64_RELATIVE, and R_X86_64_64 with the names of functions and objects of other files.
TEST_F(RemainsOfUs, RelocatedPointers) {
    static const void* const kPointers[] = {"a string", reinterpret_cast<const void*>(&own_files),
                                            reinterpret_cast<const void*>(&std::terminate),
                                            reinterpret_cast<const void*>(&::getpid)};
    const void* const* volatile pointers = kPointers;
    expect_same(const_cast<const void* const*>(pointers), sizeof kPointers, "pointers");
}

// What an exception's type is found by: a vtable of the C++ library's and a name.
struct Thrown : std::runtime_error {
    using std::runtime_error::runtime_error;
};

TEST_F(RemainsOfUs, TypeInformation) {
    expect_same(&typeid(Thrown), 3 * sizeof(void*), "of ours");
    expect_same(&typeid(std::runtime_error), 3 * sizeof(void*), "of the library's, copied or not");
    const Thrown thrown("");
    const void* vtable = nullptr;
    std::memcpy(&vtable, static_cast<const void*>(&thrown), sizeof vtable);
    // The type information, the two destructors, what().
    expect_same(static_cast<const void* const*>(vtable) - 1, 4 * sizeof(void*), "a vtable");
}

TEST_F(RemainsOfUs, NothingOfWhatNoFileHas) {
    const auto heap = std::make_unique<int>(1);
    const int stack = 1;
    int out = 0;
    EXPECT_FALSE(remains_.read(reinterpret_cast<std::uint64_t>(heap.get()), &out, sizeof out));
    EXPECT_FALSE(remains_.read(reinterpret_cast<std::uint64_t>(&stack), &out, sizeof out));
    EXPECT_FALSE(remains_.read(0, &out, sizeof out));
}

}  // namespace
}  // namespace threadfault::diagnose
