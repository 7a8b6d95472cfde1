// What the modules of this very process export, held to what its loader says.
#include "observe/exported_symbols.hpp"
#include "observe/memory.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace threadfault::observe {
namespace {

ReadMemory own_memory() {
    return [](std::uint64_t address, void* buffer, std::size_t length) {
        return Memory(getpid()).read(address, buffer, length);
    };
}

std::uint64_t base_of(const void* inside) {
    Dl_info information{};
    EXPECT_NE(dladdr(inside, &information), 0);
    return reinterpret_cast<std::uint64_t>(information.dli_fbase);
}

TEST(ExportedSymbols, AreThoseThatTheLoaderFinds) {
    void* const libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    ASSERT_NE(libc, nullptr);
    void* const known = dlsym(libc, "pthread_join");
    ExportedSymbols symbols;
    ASSERT_TRUE(symbols.read(own_memory(), base_of(known)));
    for (const char* const name : {"pthread_join", "sem_wait", "_IO_2_1_stdout_", "malloc"}) {
        const auto address = symbols.address_of(name);
        ASSERT_TRUE(address) << name;
        EXPECT_EQ(*address, reinterpret_cast<std::uint64_t>(dlsym(libc, name))) << name;
    }
    EXPECT_FALSE(symbols.address_of("no_such_function"));
    dlclose(libc);
}

TEST(ExportedSymbols, CoverAllOfAFunctionAndNothingBehindIt) {
    void* const function = dlsym(RTLD_DEFAULT, "pthread_join");
    ExportedSymbols symbols;
    ASSERT_TRUE(symbols.read(own_memory(), base_of(function)));
    const auto begin = reinterpret_cast<std::uint64_t>(function);
    const ExportedSymbols::Entry* const first = symbols.find(begin);
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(first->name, "pthread_join");
    EXPECT_TRUE(first->is_function);
    const ExportedSymbols::Entry* const last = symbols.find(begin + first->size - 1);
    ASSERT_NE(last, nullptr);
    EXPECT_EQ(last->name, "pthread_join");
    const ExportedSymbols::Entry* const behind = symbols.find(begin + first->size);
    EXPECT_TRUE(behind == nullptr || behind->name != "pthread_join");
}

TEST(ExportedSymbols, WhatIsNoModuleHasNone) {
    static const char text[4096] = "no ELF header";
    ExportedSymbols symbols;
    EXPECT_FALSE(symbols.read(own_memory(), reinterpret_cast<std::uint64_t>(text)));
    EXPECT_FALSE(symbols.read(own_memory(), 0));
    EXPECT_EQ(symbols.find(reinterpret_cast<std::uint64_t>(text)), nullptr);
}

}  // namespace
}  // namespace threadfault::observe
