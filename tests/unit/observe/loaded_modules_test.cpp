// The loader's list of this very process, held to what the kernel says of it.
#include "observe/loaded_modules.hpp"
#include "observe/maps.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace threadfault::observe {
namespace {

bool has_code_at(const LoadedModule& module, std::uint64_t address) {
    return std::any_of(module.parts.begin(), module.parts.end(), [&](const auto& part) {
        return part.executable && part.begin <= address && address < part.end;
    });
}

TEST(LoadedModules, HasEveryFileWithCodeAtItsPlace) {
    const Process self(getpid());
    const std::vector<LoadedModule> modules = loaded_modules(self, Memory(getpid()));
    int files = 0;
    const Maps maps(self);
    for (const Mapping& mapping : maps.all()) {
        if (!mapping.executable || mapping.inode == 0) continue;
        ++files;
        const auto found = std::find_if(
            modules.begin(), modules.end(),
            [&](const LoadedModule& module) { return has_code_at(module, mapping.begin); });
        ASSERT_NE(found, modules.end()) << mapping.path;
        EXPECT_EQ(std::filesystem::canonical(found->path), mapping.path);
        const auto part = std::find_if(found->parts.begin(), found->parts.end(),
                                       [](const auto& one) { return one.executable; });
        EXPECT_EQ(part->begin, mapping.begin);
        EXPECT_EQ(part->offset, mapping.offset);
    }
    EXPECT_GE(files, 2) << "the program and libc at least";
}

TEST(LoadedModules, WhatIsRelocatedLiesInAWritablePart) {
    static const char* volatile relocated = "a pointer that the loader has filled in";
    const auto address = reinterpret_cast<std::uint64_t>(&relocated);
    const Process self(getpid());
    const std::vector<LoadedModule> modules = loaded_modules(self, Memory(getpid()));
    ASSERT_FALSE(modules.empty());
    const auto& parts = modules.front().parts;
    EXPECT_TRUE(std::any_of(parts.begin(), parts.end(), [&](const LoadedModule::Part& part) {
        return part.writable && part.begin <= address && address < part.end;
    }));
}

}  // namespace
}  // namespace threadfault::observe
