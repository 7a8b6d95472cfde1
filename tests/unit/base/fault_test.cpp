// The table of faults, and what repeats it in other languages.
#include "base/fault.hpp"

#include "base/libc_signals.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace threadfault::base {
namespace {

std::string contents(const char* path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    EXPECT_FALSE(text.str().empty()) << path;
    return text.str();
}

// These travel between versions.
TEST(FaultTable, ValuesStay) {
    EXPECT_EQ(static_cast<int>(Fault::cancel), 1);
    EXPECT_EQ(static_cast<int>(Fault::vanish), 4);
    EXPECT_EQ(static_cast<int>(Fault::signal), 5);
    EXPECT_EQ(static_cast<int>(Fault::thaw), 8);
    EXPECT_EQ(static_cast<int>(Fault::demote), 13);
    EXPECT_EQ(static_cast<int>(Fault::capture), 14);
}

TEST(FaultTable, NamesAreOneToOne) {
    std::set<std::string_view> names;
    for (const FaultInfo& one : kFaults) {
        EXPECT_TRUE(names.insert(one.name).second) << one.name;
        EXPECT_EQ(&info(one.fault), &one) << one.name;
    }
}

TEST(FaultTable, WhatIsNoneIsNothing) {
    for (const auto value : {0U, 15U, 0xffffffffU}) {
        const FaultInfo& unknown = info(static_cast<Fault>(value));
        EXPECT_EQ(unknown.name, "unknown");
        EXPECT_FALSE(unknown.death || unknown.unwinds || unknown.holds || unknown.undone);
        EXPECT_EQ(unknown.verb, Verb::none);
    }
    EXPECT_EQ(info(static_cast<Verb>(77)).name, "");
}

TEST(FaultTable, Deaths) {
    ASSERT_EQ(kDeaths.size(), 4U);
    EXPECT_EQ(kDeathNames[1], "async-cancel");
    EXPECT_STREQ(kDeathsInWords.c_str(), "cancel, async-cancel, exit or vanish");
    EXPECT_STREQ(kDeathsInGrammar.c_str(), "cancel|async-cancel|exit|vanish");
    for (const Fault death : kDeaths) {
        EXPECT_EQ(info(death).verb, Verb::kill);
        EXPECT_EQ(find_death(info(death).name), &info(death));
        EXPECT_FALSE(info(death).about.empty());
        EXPECT_EQ(info(death).time, TakesTime::never);
    }
    EXPECT_EQ(find_death("freeze"), nullptr);
    EXPECT_EQ(find_death(""), nullptr);
    EXPECT_EQ(fault_of(Verb::kill), Fault::cancel) << "the default";
}

TEST(FaultTable, VerbsStandForTheirFaults) {
    for (const VerbInfo& verb : kVerbs) {
        EXPECT_EQ(find_verb(verb.name), verb.verb);
        EXPECT_EQ(info(fault_of(verb.verb)).verb, verb.verb);
        if (verb.verb != Verb::kill) {
            EXPECT_EQ(info(fault_of(verb.verb)).name, verb.name);
        }
    }
    EXPECT_EQ(find_verb("look"), Verb::none);
    EXPECT_EQ(find_verb(""), Verb::none);
}

TEST(FaultTable, TheSchemaOfScenariosNamesTheDeaths) {
    std::string schema;
    for (const char c : contents(THREADFAULT_SCENARIO_SCHEMA)) {
        if (c != ' ' && c != '\n') schema += c;
    }
    std::string list;
    for (const std::string_view name : kDeathNames)
        list += (list.empty() ? "\"" : ",\"") + std::string(name) + "\"";
    EXPECT_NE(schema.find("\"enum\":[" + list + "]"), std::string::npos) << list;
    for (const VerbInfo& verb : kVerbs) {
        EXPECT_NE(schema.find("\"" + std::string(verb.name) + "\":{"), std::string::npos)
            << verb.name;
    }
}

TEST(FaultTable, ThePageNamesEachFault) {
    const std::string page = contents(THREADFAULT_FAULTS_PAGE);
    for (const FaultInfo& one : kFaults) {
        if (one.verb == Verb::none) continue;
        EXPECT_NE(page.find(one.name), std::string::npos) << one.name;
    }
}

TEST(LibcSignals, AreThoseBelowTheRealTimeOnes) {
    EXPECT_TRUE(belongs_to_libc(32) && belongs_to_libc(33));
    EXPECT_FALSE(belongs_to_libc(31) || belongs_to_libc(34) || belongs_to_libc(0));
    EXPECT_EQ(kLibcSignals, std::uint64_t{3} << 31);
    EXPECT_EQ(SIGRTMIN, 34) << "glibc keeps another number of them";
}

}  // namespace
}  // namespace threadfault::base
