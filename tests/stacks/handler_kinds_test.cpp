// What a forecast says of a handler is what then happens, or that it is not known: the same
// handlers, as several compilers lay them out.
#include "support/eventually.hpp"
#include "support/target.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <set>
#include <string>

namespace threadfault::test {
namespace {

struct Kind {
    const char* name;
    const char* outcome;   // "ends" or "aborts"
    bool depends = false;  // on what the code does not tell: "unknown" is right, too
};
constexpr std::array<Kind, 35> kKinds = {{{"name-first", "ends"},
                                          {"name-last", "aborts"},
                                          {"typed-throws", "aborts"},
                                          {"typed-ends", "ends"},
                                          {"four", "ends"},
                                          {"typed-alone", "ends"},
                                          {"inlined", "aborts"},
                                          {"inlined-thrown", "ends"},
                                          {"if", "aborts", true},
                                          {"both-thrown", "ends"},
                                          {"both-ended", "aborts"},
                                          {"function", "ends"},
                                          {"maybe", "ends", true},
                                          {"noreturn", "ends"},
                                          {"pointer", "ends", true},
                                          {"sorted-ended", "aborts"},
                                          {"sorted-thrown", "ends"},
                                          {"outer-ends", "aborts"},
                                          {"outer-throws", "ends"},
                                          {"local", "ends"},
                                          {"flag", "ends", true},
                                          {"abort", "aborts"},
                                          {"another", "aborts"},
                                          {"value", "aborts"},
                                          {"cleans-up", "ends"},
                                          {"noexcept", "aborts"},
                                          {"careful", "ends"},
                                          {"in-handler", "aborts"},
                                          {"out-of-handler", "ends"},
                                          {"coro-keeps", "aborts"},
                                          {"coro-throws", "ends"},
                                          {"dtor-throws", "aborts"},
                                          {"dtor-catches", "ends", true},
                                          {"joining", "aborts", true},
                                          {"dtor-may-throw", "aborts", true}}};

// One program that holds threads of every kind, until one of them takes it along.
class HandlerKinds : public testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        if (access(program().c_str(), X_OK) != 0) GTEST_SKIP() << program() << " is not built";
    }
    static std::string program() { return std::string(HANDLER_KINDS_DIRECTORY) + "/" + GetParam(); }
    static std::string forecast(const Target& target, const Kind& kind, CliResult* said) {
        *said = target.command("kill",
                               {std::string("name=") + kind.name, "--how", "exit", "--dry-run"});
        return said->text("forecast");
    }
    static std::string outcome(const Target& target, const Kind& kind, CliResult* done) {
        *done = target.command(
            "kill", {std::string("name=") + kind.name, "--how", "exit", "--wait", "20s"});
        const std::string word = done->text("outcome");
        return word == "ended" ? "ends" : word == "target-died" ? "aborts" : word;
    }
    static void await(Target& target) {
        ASSERT_EQ(target.process().read_until("ready"), "ready") << target.process().errors();
        ASSERT_TRUE(target.ready());
    }
};

// A thread that was just started may not sleep yet: then it is looked at again.
bool is_asleep(const CliResult& said) {
    const std::string facts = said.json.contains("facts") ? said.json["facts"].dump() : "";
    return facts.find("nanosleep") != std::string::npos ||
           facts.find("thread::join") != std::string::npos;
}

TEST_P(HandlerKinds, AreForecastAsTheyEndOrNotAtAll) {
    Target all({program()});
    ASSERT_NO_FATAL_FAILURE(await(all));
    std::set<std::string> unknown;
    for (const Kind& kind : kKinds) {
        SCOPED_TRACE(kind.name);
        CliResult said;
        std::string words;
        ASSERT_TRUE(eventually([&] {
            words = forecast(all, kind, &said);
            return is_asleep(said);
        })) << said;
        if (words == "unknown") {
            unknown.insert(kind.name);
            EXPECT_TRUE(kind.depends) << said;
        } else {
            EXPECT_EQ(words, kind.outcome) << said;
        }
        CliResult done;
        if (std::string(kind.outcome) == "ends") {
            ASSERT_EQ(outcome(all, kind, &done), "ends") << done;
            continue;
        }
        Target one({program(), kind.name});
        ASSERT_NO_FATAL_FAILURE(await(one));
        EXPECT_EQ(outcome(one, kind, &done), "aborts") << done;
    }
    RecordProperty("unknown", static_cast<int>(unknown.size()));
    EXPECT_LE(unknown.size(), 7U);
}
INSTANTIATE_TEST_SUITE_P(Compiled, HandlerKinds,
                         testing::Values("g++-O0", "g++-O1", "g++-O2", "g++-O3", "clang++-O0",
                                         "clang++-O1", "clang++-O2"),
                         [](const auto& info) {
                             std::string name;
                             for (const char character : info.param) {
                                 if (character != '-') name += character == '+' ? 'x' : character;
                             }
                             return name;
                         });

}  // namespace
}  // namespace threadfault::test
