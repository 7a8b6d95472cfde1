#include "observe/symbols.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

namespace threadfault::observe {

int a_global_of_the_test = 1;
int an_empty_global_of_the_test[100];
__attribute__((noinline)) int a_function_of_the_test(int value) {
    return value + a_global_of_the_test;
}

namespace {

class SymbolsOfSelf : public testing::Test {
protected:
    const Process self_{getpid()};
    Symbols symbols_{self_};
};

TEST_F(SymbolsOfSelf, FunctionsAreNamed) {
    const auto address = reinterpret_cast<std::uint64_t>(&a_function_of_the_test);
    const Symbol& symbol = symbols_.resolve(address);
    EXPECT_NE(std::string::npos, symbol.name.find("a_function_of_the_test")) << symbol.name;
    EXPECT_TRUE(symbol.is_function);
    EXPECT_EQ(0U, symbol.offset);
    EXPECT_NE(std::string::npos, symbol.module.find("observe_test"));
    EXPECT_EQ(1U, symbols_.resolve(address + 1).offset);
    EXPECT_GE(a_function_of_the_test(1), 1);
}

TEST_F(SymbolsOfSelf, GlobalsAreNamed) {
    for (const void* object : {static_cast<const void*>(&a_global_of_the_test),
                               static_cast<const void*>(&an_empty_global_of_the_test[50])}) {
        const Symbol& symbol = symbols_.resolve(reinterpret_cast<std::uint64_t>(object));
        EXPECT_NE(std::string::npos, symbol.name.find("global_of_the_test")) << symbol.name;
        EXPECT_FALSE(symbol.is_function);
    }
}

TEST_F(SymbolsOfSelf, NothingIsKnownOfStackAndHeap) {
    int local = 0;
    void* const block = malloc(10);
    for (const void* place : {static_cast<const void*>(&local), static_cast<const void*>(block)}) {
        EXPECT_EQ("", symbols_.resolve(reinterpret_cast<std::uint64_t>(place)).name);
    }
    EXPECT_EQ("", symbols_.resolve(0).module);
    free(block);
}

TEST_F(SymbolsOfSelf, AddressesAreFoundByName) {
    const auto found = symbols_.address_of("libc.so", "getpid");
    ASSERT_TRUE(found);
    EXPECT_EQ("getpid",
              symbols_.resolve(*found).name.substr(symbols_.resolve(*found).name.find("getpid")));
    EXPECT_FALSE(symbols_.address_of("libc.so", "no_such_function_anywhere"));
}

TEST(Names, AreDemangled) {
    EXPECT_EQ("a::b(int)", demangle("_ZN1a1bEi"));
    EXPECT_EQ("main", demangle("main"));
    EXPECT_EQ("_Zgarbage", demangle("_Zgarbage"));
}

TEST(Names, OfMappingSymbolsAreNone) {
    EXPECT_TRUE(is_mapping_symbol("$x"));
    EXPECT_TRUE(is_mapping_symbol("$d.12"));
    EXPECT_FALSE(is_mapping_symbol("$xyz"));
    EXPECT_FALSE(is_mapping_symbol("main"));
    EXPECT_FALSE(is_mapping_symbol(""));
}

TEST(Names, LoseTheirParameters) {
    EXPECT_EQ("a::b", without_parameters("a::b(int, char)"));
    EXPECT_EQ("main", without_parameters("main"));
    EXPECT_EQ("ns::Class::run", without_parameters("void ns::Class::run(std::vector<int>)"));
}

}  // namespace
}  // namespace threadfault::observe
